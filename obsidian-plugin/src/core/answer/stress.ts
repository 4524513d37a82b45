/**
 * Emphasis in a paragraph, by the rules of CommonMark for runs of `*` and `_`, and the same for `~~` and `==`. A look back
 * that found nothing is not taken again (`bottoms`), so that long runs of signs take no long time.
 * https://spec.commonmark.org/0.31.2/#phase-2-inline-structure
 */
import type { Inline } from "./inline";

// Whoever draws the tree goes down it call by call.
const DEEPEST = 12;
const SPACE = /^[\s\u00a0]?$/u;
const SIGN = /[\p{P}\p{S}]/u;

/** What would nest too deep, kept together without a sign of its own until the end. */
interface Group {
  readonly kind: "group";
  readonly inside: readonly Made[];
}
type StressKind = "strong" | "em" | "strike" | "mark";
type Made = Inline | Group | { readonly kind: StressKind; readonly inside: readonly Made[] };

interface Piece {
  before: Piece | null;
  after: Piece | null;
  made: Made;
  depth: number;
}

interface Run {
  before: Run | null;
  after: Run | null;
  readonly piece: Piece;
  readonly sign: string;
  readonly whole: number;
  length: number;
  readonly opens: boolean;
  readonly closes: boolean;
}

export class Stresses {
  private readonly head: Piece = { before: null, after: null, made: { kind: "text", text: "" }, depth: 0 };
  private tail: Piece = this.head;
  private readonly firstRun: Run = { before: null, after: null, piece: this.head, sign: "", whole: 0, length: 0, opens: false, closes: false };
  private lastRun: Run = this.firstRun;
  private endsWithRun = false;

  text(text: string): void {
    this.add({ kind: "text", text });
  }

  add(made: Inline): void {
    const piece: Piece = { before: this.tail, after: null, made, depth: 0 };
    this.tail.after = piece;
    this.tail = piece;
  }

  /** How long the run of stressing signs at a place is; 0 where there is none. */
  runAt(text: string, at: number): number {
    const sign = text[at] ?? "";
    if (sign === "" || !"*_~=".includes(sign)) return 0;
    let end = at + 1;
    while (text[end] === sign) end += 1;
    return (sign === "~" || sign === "=") && end - at === 1 ? 0 : end - at;
  }

  run(text: string, at: number, length: number): void {
    const sign = text[at] ?? "";
    this.text(text.slice(at, at + length));
    this.endsWithRun = at + length === text.length;
    const { opens, closes } = flanks(characterBefore(text, at), characterAt(text, at + length), sign);
    // Two signs strike out or mark; more of them are a line.
    if ((sign === "~" || sign === "=") && length > 2) return;
    if (!opens && !closes) return;
    const run: Run = { before: this.lastRun, after: null, piece: this.tail, sign, whole: length, length, opens, closes };
    this.lastRun.after = run;
    this.lastRun = run;
  }

  /** Pair the runs. What more is to come for, ends as if it were closed at the end. */
  finish(unfinished: boolean): Inline[] {
    const end = this.tail;
    this.pairAll();
    if (unfinished) this.closeRest();
    // What it opens or closes comes next.
    if (unfinished && this.endsWithRun && end.made.kind === "text") end.made = { kind: "text", text: "" };
    const made: Made[] = [];
    for (let piece = this.head.after; piece !== null; piece = piece.after) made.push(piece.made);
    return flattened(made);
  }

  private pairAll(): void {
    const bottoms = new Map<string, Run>();
    for (let closer = this.firstRun.after; closer !== null; ) {
      if (!closer.closes) {
        closer = closer.after;
        continue;
      }
      const bucket = `${closer.sign}${closer.opens ? "o" : ""}${closer.whole % 3}`;
      const opener = openerOf(closer, bottoms.get(bucket) ?? this.firstRun);
      if (opener !== null) {
        closer = this.pair(opener, closer);
        continue;
      }
      bottoms.set(bucket, closer.before ?? this.firstRun);
      const next: Run | null = closer.after;
      if (!closer.opens) this.drop(closer);
      closer = next;
    }
  }

  /** Wrap what stands between two runs; returns the run to go on with. */
  private pair(opener: Run, closer: Run): Run | null {
    const used = opener.length >= 2 && closer.length >= 2 ? 2 : 1;
    this.wrap(opener.piece, closer.piece, kindOf(opener.sign, used));
    opener.after = closer;
    closer.before = opener;
    this.shorten(opener, used);
    this.shorten(closer, used);
    return closer.length > 0 ? closer : closer.after;
  }

  private shorten(run: Run, used: number): void {
    run.length -= used;
    run.piece.made = { kind: "text", text: run.sign.repeat(run.length) };
    if (run.length === 0) this.drop(run);
  }

  private drop(run: Run): void {
    if (run.before !== null) run.before.after = run.after;
    if (run.after !== null) run.after.before = run.before;
    else this.lastRun = run.before ?? this.firstRun;
  }

  /** Put what stands between two pieces into one; too deep, it is kept together without a sign. */
  private wrap(from: Piece, to: Piece | null, kind: StressKind): void {
    const inside: Made[] = [];
    let depth = 0;
    for (let piece = from.after; piece !== to && piece !== null; piece = piece.after) {
      inside.push(piece.made);
      depth = Math.max(depth, piece.depth);
    }
    const made: Made = depth >= DEEPEST ? { kind: "group", inside } : { kind, inside };
    const piece: Piece = { before: from, after: to, made, depth: Math.min(DEEPEST, depth + 1) };
    from.after = piece;
    if (to === null) this.tail = piece;
    else to.before = piece;
  }

  /** As if what is open were closed at the end. A `_` is mostly part of a name. */
  private closeRest(): void {
    for (let run: Run | null = this.lastRun; run !== null && run !== this.firstRun; run = run.before) {
      if (!run.opens || run.sign === "_") continue;
      const used = run.length >= 2 ? 2 : 1;
      this.wrap(run.piece, null, kindOf(run.sign, used));
      run.length -= used;
      run.piece.made = { kind: "text", text: run.sign.repeat(run.length) };
    }
  }
}

function openerOf(closer: Run, bottom: Run): Run | null {
  for (let run = closer.before; run !== null && run !== bottom; run = run.before) {
    if (run.sign !== closer.sign || !run.opens) continue;
    // The rule of three: `*a**b*` has no strong in it.
    const odd = (closer.opens || run.closes) && (run.whole + closer.whole) % 3 === 0 && !(run.whole % 3 === 0 && closer.whole % 3 === 0);
    if (!odd || closer.sign === "~" || closer.sign === "=") return run;
  }
  return null;
}

function kindOf(sign: string, used: number): "strong" | "em" | "strike" | "mark" {
  if (sign === "~") return "strike";
  if (sign === "=") return "mark";
  return used === 2 ? "strong" : "em";
}

function flanks(before: string, after: string, sign: string): { opens: boolean; closes: boolean } {
  const left = !SPACE.test(after) && (!SIGN.test(after) || SPACE.test(before) || SIGN.test(before));
  const right = !SPACE.test(before) && (!SIGN.test(before) || SPACE.test(after) || SIGN.test(after));
  if (sign !== "_") return { opens: left, closes: right };
  return { opens: left && (!right || SIGN.test(before)), closes: right && (!left || SIGN.test(after)) };
}

function characterBefore(text: string, at: number): string {
  const low = text.charCodeAt(at - 1);
  return low >= 0xdc00 && low <= 0xdfff ? text.slice(at - 2, at) : (text[at - 1] ?? "");
}

function characterAt(text: string, at: number): string {
  const code = text.codePointAt(at);
  return code === undefined ? "" : String.fromCodePoint(code);
}

/** Without groups, texts that follow each other joined. Groups may lie one in another by the thousand. */
function flattened(made: readonly Made[]): Inline[] {
  const list: Inline[] = [];
  let text = "";
  const rest: { readonly of: readonly Made[]; at: number }[] = [{ of: made, at: 0 }];
  for (let top = rest.at(-1); top !== undefined; top = rest.at(-1)) {
    const one = top.of[top.at];
    top.at += 1;
    if (one === undefined) rest.pop();
    else if (one.kind === "group") rest.push({ of: one.inside, at: 0 });
    else if (one.kind === "text") text += one.text;
    else {
      if (text !== "") list.push({ kind: "text", text });
      text = "";
      list.push("inside" in one && one.kind !== "link" ? { kind: one.kind, inside: flattened(one.inside) } : one);
    }
  }
  return text === "" ? list : [...list, { kind: "text", text }];
}
