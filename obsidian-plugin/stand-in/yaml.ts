/** The YAML of frontmatter, through a small reader and writer: block and flow lists, maps, scalars, block texts. */

const QUOTED = /^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')$/;

export function parseYaml(text: string): unknown {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "" && !/^\s*#/.test(line) && line !== "---");
  if (lines.length === 0) return null;
  return new Reader(lines).block(indentOf(lines[0] ?? ""));
}

const indentOf = (line: string): number => line.length - line.trimStart().length;

class Reader {
  private at = 0;
  constructor(private readonly lines: string[]) {}

  block(indent: number): unknown {
    const line = this.lines[this.at] ?? "";
    if (/^-(\s|$)/.test(line.trimStart())) return this.list(indent);
    return keyOf(line.trim()) === null ? scalar(this.lines.slice(this.at).map((l) => l.trim()).join(" ")) : this.map(indent);
  }

  private map(indent: number): Record<string, unknown> {
    const found: Record<string, unknown> = {};
    for (let line = this.lines[this.at]; line !== undefined && indentOf(line) === indent; line = this.lines[this.at]) {
      const entry = keyOf(line.trim());
      if (entry === null) throw new Error(`YAML: no key in "${line.trim()}"`);
      this.at += 1;
      found[entry.key] = this.value(entry.rest, indent);
    }
    return found;
  }

  private value(rest: string, indent: number): unknown {
    if (/^[|>][-+]?$/.test(rest)) return this.text(rest, indent);
    if (rest !== "") return scalar(rest);
    const next = this.lines[this.at];
    if (next === undefined || indentOf(next) < indent) return null;
    const isList = /^-(\s|$)/.test(next.trimStart());
    return indentOf(next) > indent || isList ? this.block(indentOf(next)) : null;
  }

  private text(mark: string, indent: number): string {
    const lines: string[] = [];
    for (let line = this.lines[this.at]; line !== undefined && indentOf(line) > indent; line = this.lines[this.at]) {
      lines.push(line.trim());
      this.at += 1;
    }
    return lines.join(mark.startsWith("|") ? "\n" : " ") + (mark.endsWith("-") ? "" : "\n");
  }

  private list(indent: number): unknown[] {
    const found: unknown[] = [];
    for (let line = this.lines[this.at]; line !== undefined && indentOf(line) === indent && /^-(\s|$)/.test(line.trimStart()); line = this.lines[this.at]) {
      const rest = line.trimStart().slice(1).trim();
      if (keyOf(rest) !== null && !QUOTED.test(rest) && !/^[[{]/.test(rest)) {
        this.lines[this.at] = " ".repeat(indent + 2) + rest;
        found.push(this.map(indent + 2));
      } else {
        this.at += 1;
        found.push(this.value(rest, indent));
      }
    }
    return found;
  }
}

function keyOf(line: string): { key: string; rest: string } | null {
  const found = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s\-[\]{}"'#&*!|>%@`][^:]*?|-[^\s:][^:]*?)\s*:(?:\s+(.*))?$/.exec(line);
  return found === null ? null : { key: String(scalar(found[1] ?? "", true)), rest: (found[2] ?? "").trim() };
}

function scalar(given: string, asKey = false): unknown {
  const text = QUOTED.test(given) ? given : given.replace(/\s+#.*$/, "").trim();
  if (text.startsWith('"') && QUOTED.test(text)) return JSON.parse(text) as string;
  if (QUOTED.test(text)) return text.slice(1, -1).replace(/''/g, "'");
  if (asKey) return text;
  if (text.startsWith("[") && text.endsWith("]")) return pieces(text.slice(1, -1)).map((piece) => scalar(piece));
  if (text.startsWith("{") && text.endsWith("}")) {
    return Object.fromEntries(pieces(text.slice(1, -1)).map((piece) => [piece.split(":")[0]?.trim() ?? "", scalar(piece.slice(piece.indexOf(":") + 1).trim())]));
  }
  if (text === "" || text === "null" || text === "~") return null;
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === "true";
  return /^-?(0|[1-9]\d*)(\.\d+)?(e[-+]?\d+)?$/i.test(text) ? Number(text) : text;
}

function pieces(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let quote = "";
  let piece = "";
  for (const char of text) {
    if (quote !== "") quote = char === quote ? "" : quote;
    else if (char === '"' || char === "'") quote = char;
    else if (char === "[" || char === "{") depth += 1;
    else if (char === "]" || char === "}") depth -= 1;
    if (char === "," && depth === 0 && quote === "") {
      found.push(piece.trim());
      piece = "";
    } else piece += char;
  }
  return piece.trim() === "" ? found : [...found, piece.trim()];
}

export function stringifyYaml(value: unknown): string {
  return write(value, 0).replace(/^\n/, "") + (typeof value === "object" && value !== null ? "" : "\n");
}

function write(value: unknown, indent: number): string {
  const pad = " ".repeat(indent);
  if (Array.isArray(value)) return value.length === 0 ? "[]\n" : `\n${value.map((item) => `${pad}- ${write(item, indent + 2).replace(/^\n\s*/, "").replace(/\n?$/, "\n")}`).join("")}`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value);
    return entries.length === 0 ? "{}\n" : `\n${entries.map(([key, item]) => `${pad}${plain(key)}: ${write(item, indent + 2).replace(/\n?$/, "\n")}`.replace(/: \n/, ":\n")).join("")}`;
  }
  if (typeof value === "string") return value.includes("\n") ? `|-\n${value.split("\n").map((line) => `${pad}${line}`).join("\n")}` : plain(value);
  return value === null || value === undefined ? "" : String(value);
}

// Quoted where reading it back would give something else than this text.
function plain(text: string): string {
  const odd = text === "" || text !== text.trim() || /^[-?:,[\]{}#&*!|>'"%@`]/.test(text) || /: |:$| #/.test(text) || typeof scalar(text) !== "string";
  return odd ? JSON.stringify(text) : text;
}
