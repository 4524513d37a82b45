/** What an operator that is being typed may become: the tags, folders, properties and notes that the vault has. */
import { completionAt, type Completion as Typed } from "../operators";

/** What there is to complete with; the commonest first where it matters. */
export interface Vocabulary {
  tags(): readonly string[];
  folders(): readonly string[];
  files(): readonly string[];
  properties(): readonly string[];
  values(property: string): readonly string[];
}

export type CompletionKind = Typed["kind"] | "value";

export interface Completion {
  readonly kind: CompletionKind;
  /** What is proposed, as it is shown. */
  readonly name: string;
  /** The query with it, and where the cursor then stands. */
  readonly query: string;
  readonly caret: number;
}

const MOST = 6;

/** What fits at the cursor; nothing where no operator is being typed, or where it is whole already. */
export function completionsFor(query: string, cursor: number, vocabulary: Vocabulary): readonly Completion[] {
  const typed = completionAt(query, cursor);
  if (typed === null) return [];
  const kind = typed.property === null ? typed.kind : "value";
  const part = folded(typed.typed);
  const places = namesOf(kind, typed.property ?? "", vocabulary).map((name) => [name, place(folded(name), part)] as const);
  const fitting = places.filter(([, at]) => at >= 0).sort(([, a], [, b]) => a - b);
  if (fitting.some(([name]) => folded(name) === part)) return [];
  return fitting.slice(0, MOST).map(([name]) => completed(query, typed, kind, name));
}

function namesOf(kind: CompletionKind, property: string, vocabulary: Vocabulary): readonly string[] {
  if (kind === "tag") return vocabulary.tags();
  if (kind === "path") return vocabulary.folders();
  if (kind === "property") return vocabulary.properties();
  return kind === "value" ? vocabulary.values(property) : vocabulary.files();
}

/** 0: it begins so; 1: a word of it does; 2: it is somewhere in it; -1: it is not. */
function place(name: string, part: string): number {
  const at = name.indexOf(part);
  if (at <= 0) return at;
  return /[\s/_-]/.test(name.charAt(at - 1)) ? 1 : 2;
}

function completed(query: string, { from, to }: Typed, kind: CompletionKind, name: string): Completion {
  const closing = kind === "note" ? "]]" : kind === "value" ? "]" : "";
  // A property goes on with its value; what closes the operator, or a space, may stand there already.
  const after = query.slice(to).replace(closing === "" ? /^"/ : /^\]{0,2}/, "");
  const quote = query.charAt(from - 1) === '"';
  const end = kind === "property" || after.startsWith(" ") ? "" : " ";
  const before = query.slice(0, quote ? from - 1 : from) + writtenAs(kind, name) + closing + end;
  return { kind, name, query: before + after, caret: before.length };
}

function writtenAs(kind: CompletionKind, name: string): string {
  if (kind === "property") return `${name}:`;
  const quoted = (kind === "path" || kind === "file") && /\s/.test(name);
  return quoted ? `"${name}"` : name;
}

function folded(name: string): string {
  return name.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}
