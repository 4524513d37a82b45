/** Reads a template. Everything that is wrong is said at once, each with its place. */
import { readPlace, type PlaceReading } from "./parse_place";
import type { Condition, Node, Place, Template, TemplateProblem, TemplateProblemKey } from "./template";

const DEEPEST = 20;
const MOST_PROBLEMS = 50;
const OPENING = /\\?\{\{/g;
const BLOCK = /^\s*(#\w*|\/\w*|else)\b\s*/;

/** Read a template; where something is wrong, `template` is null. */
export function parseTemplate(source: string): { template: Template | null; problems: readonly TemplateProblem[] } {
  const parser = new Parser(source);
  const nodes = parser.read();
  return parser.problems.length > 0 ? { template: null, problems: parser.problems } : { template: { nodes }, problems: [] };
}

interface Open {
  readonly offset: number;
  readonly on: Place | null;
  readonly outer: Node[];
  readonly then: Node[];
  otherwise: Node[] | null;
}

class Parser implements PlaceReading {
  readonly problems: TemplateProblem[] = [];
  private nodes: Node[] = [];
  private readonly open: Open[] = [];
  private depth = 0;

  constructor(private readonly source: string) {}

  read(): Node[] {
    this.span(0, this.source.length, true);
    for (const one of this.open.splice(0)) this.wrong("if_open", "#if", one.offset);
    return this.nodes;
  }

  wrong(key: TemplateProblemKey, name: string, offset: number): void {
    if (this.problems.length >= MOST_PROBLEMS) return;
    const before = this.source.slice(0, offset);
    const line = before.split("\n").length;
    this.problems.push({ key, name, offset, line, column: offset - before.lastIndexOf("\n") });
  }

  /** Nodes of a part of the source: what is searched for, or a default. */
  inner(from: number, to: number): readonly Node[] {
    if (this.depth >= DEEPEST) return this.wrong("nested", "{{", from), [];
    const outer = this.nodes;
    this.nodes = [];
    this.depth += 1;
    this.span(from, to, false);
    this.depth -= 1;
    const made = this.nodes;
    this.nodes = outer;
    return made;
  }

  private span(from: number, to: number, blocks: boolean): void {
    let at = from;
    while (at < to) {
      OPENING.lastIndex = at;
      const found = OPENING.exec(this.source);
      if (found === null || found.index >= to) break;
      this.text(this.source.slice(at, found.index), blocks);
      at = found[0].startsWith("\\") ? this.literal(found.index) : this.expression(found.index, to, blocks);
    }
    this.text(this.source.slice(at, to), blocks);
  }

  private literal(at: number): number {
    this.text("{{", true);
    return at + 3;
  }

  private text(text: string, whole: boolean): void {
    const plain = whole ? text : text.replace(/\\([\\|:{}])/g, "$1");
    if (plain !== "") this.nodes.push({ kind: "text", text: plain });
  }

  private expression(at: number, to: number, blocks: boolean): number {
    const end = this.end(at, to);
    if (end === null) {
      this.wrong("unclosed", "{{", at);
      // The rest of the line says nothing any more.
      const line = this.source.indexOf("\n", at);
      return line < 0 || line > to ? to : line;
    }
    const block = BLOCK.exec(this.source.slice(at + 2, end - 2));
    if (block === null) {
      const place = readPlace(this.source, at + 2, end - 2, this);
      if (place !== null) this.nodes.push(place);
      return end;
    }
    if (!blocks) {
      this.wrong("nested", block[1] ?? "", at);
      return end;
    }
    const next = this.alone(at, end);
    if (next > end) this.unindent();
    this.block(block[1] ?? "", at, at + 2 + block[0].length, end - 2);
    return next;
  }

  /** Where an expression ends: it stands on one line, and may have others in it. */
  private end(at: number, to: number): number | null {
    const signs = /\\.|\{\{|\}\}|\n/g;
    let depth = 1;
    signs.lastIndex = at + 2;
    for (let sign = signs.exec(this.source); sign !== null && sign.index < to; sign = signs.exec(this.source)) {
      if (sign[0] === "\n") return null;
      if (sign[0] === "{{") depth += 1;
      if (sign[0] === "}}" && (depth -= 1) === 0) return sign.index + 2;
    }
    return null;
  }

  private block(name: string, offset: number, from: number, to: number): void {
    if (name === "#if") this.begin(offset, from, to);
    else if (name === "else") this.otherwise(offset);
    else if (name === "/if") this.close(offset);
    else this.wrong("unknown_block", name, offset);
  }

  private begin(offset: number, from: number, to: number): void {
    if (this.open.length >= DEEPEST) this.wrong("too_deep", "#if", offset);
    const on = readPlace(this.source, from, to, this);
    const then: Node[] = [];
    this.open.push({ offset, on, outer: this.nodes, then, otherwise: null });
    this.nodes = then;
  }

  private otherwise(offset: number): void {
    const last = this.open.at(-1);
    if (last === undefined || last.otherwise !== null) return this.wrong("else_alone", "else", offset);
    last.otherwise = this.nodes = [];
  }

  private close(offset: number): void {
    const last = this.open.pop();
    if (last === undefined) return this.wrong("end_alone", "/if", offset);
    this.nodes = last.outer;
    if (last.on === null) return;
    const made: Condition = { kind: "if", on: last.on, then: last.then, otherwise: last.otherwise ?? [] };
    this.nodes.push(made);
  }

  /** A line that has nothing but `{{#if …}}`, `{{else}}` or `{{/if}}` leaves no empty line. */
  private alone(at: number, end: number): number {
    const line = this.source.lastIndexOf("\n", at - 1) + 1;
    const rest = /^[ \t]*(?:\r?\n|$)/.exec(this.source.slice(end, end + 200));
    return rest !== null && this.source.slice(Math.max(line, at - 200), at).trim() === "" ? end + rest[0].length : end;
  }

  private unindent(): void {
    const last = this.nodes.at(-1);
    if (last?.kind === "text") this.nodes[this.nodes.length - 1] = { kind: "text", text: last.text.replace(/[ \t]{1,200}$/, "") };
  }
}
