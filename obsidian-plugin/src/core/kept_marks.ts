/**
 * What the text of a note says of being kept from models, as the server reads it. Neither the server nor Obsidian's cache has
 * read what was typed a moment ago. When in doubt the note is kept: frontmatter that cannot be read is searched for the words.
 */
import { withoutCode } from "./notes/linkable_text";

/** Reads YAML, and throws where it cannot: Obsidian's own, which is not known here. */
export type ReadYaml = (yaml: string) => unknown;

const words = (text: string): ReadonlySet<string> => new Set(text.split(" "));

// The server's words.
const YES = words("true yes on y 1 sim sí si sì oui ja wahr vrai vero verdadero verdadeiro да так tak evet はい 是 예 네 ใช่ نعم हाँ");
const NO = words("false no off n 0 não nao non nein nee falsch faux falso нет ні nie hayır いいえ 否 不 아니요 ไม่ لا नहीं");
const KEEP_OFF = words(
  "private privado privada privato privata privé privée privat particular geheim secret secreto segreto never none" +
    " exclude excluded ignore hidden skip приватно личное 私人 非公開 비공개",
);

const BEGINNING = /^\s*---[ \t]*\n/;
const END = /^---[ \t]*$/m;
const DOCUMENT_END = /^(?:\.\.\.|---)(?:\s|$)/m;
const LOCAL = /^[^\p{L}\p{N}]*local(?![\p{L}\p{N}])/iu;
const TAG_NAME = /^#?(?:pr[iİı]vate|local-only)(?:\/|$)/iu;

// A key that stands twice: which of both a reader of YAML takes is its own affair.
const TOP_LINE = /^["']?(private|sidecar)["']?[ \t]*:(?!:)["' \t]*([^\n"'#]*)/gimu;

// In frontmatter that cannot be read: the words behind a key, up to the next one.
const KEY = /(?:^|[^\p{L}\p{N}_-])(private|sidecar|tags?)["'\s]*:(?!:)/giu;
const NEXT_KEY = /\n[\p{L}\p{N}_"'][^\n:]*:/u;
const LONGEST_VALUE = 500;
const BETWEEN_WORDS = /[^\p{L}\p{M}\p{N}~]+/u;
const TAG_WORD = /(?:^|[^\p{L}\p{N}_/-])(?:pr[iİı]vate|local-only)(?![\p{L}\p{N}_-])/iu;

// On a line of its own, behind whatever marks; in brackets; or behind what is no text, such as a link or a comment.
const FIELD = /(?:^(?:[^\p{L}\p{N}_\n]|\p{N}{1,9}[.)])*_*|[[(\])%>$\0][ \t*_~]*)(private|sidecar)[ \t*_~]*::[^\p{L}\p{N}\n]*([\p{L}\p{M}\p{N}]*)/gimu;
// Not the place that a link leads to.
const TAG = /(?:^|[^\p{L}\p{N}_/("'[]|(?:^|[^\]])\(|(?:^|[^=])["']|(?:^|[^[])\[)#(?:pr[iİı]vate|local-only)(?![\p{L}\p{N}_-])/imu;

/** Whether the note says that it is private, not for Sidecar, or to stay on this machine. */
export function marksItselfKept(note: string, readYaml: ReadYaml): boolean {
  const text = note.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n");
  const begin = BEGINNING.exec(text)?.[0].length;
  if (begin === undefined) return bodyKeeps(text);
  const end = END.exec(text.slice(begin));
  // Frontmatter without an end may be being typed.
  if (end === null) return wordsKeep(text) || bodyKeeps(text);
  return frontmatterKeeps(text.slice(begin, begin + end.index), readYaml) || bodyKeeps(text.slice(begin + end.index + end[0].length));
}

function bodyKeeps(body: string): boolean {
  const text = withoutCode(body);
  return TAG.test(text) || [...text.matchAll(FIELD)].some(([, key = "", value = ""]) => (isPrivate(key) ? meansOneOf(value, YES) : keepsOff(value)));
}

function frontmatterKeeps(yaml: string, readYaml: ReadYaml): boolean {
  let values: unknown;
  try {
    // What stands behind the end of a document is read by the server, and by others not.
    values = DOCUMENT_END.test(yaml) ? null : readYaml(yaml);
  } catch {
    return wordsKeep(yaml);
  }
  if (typeof values !== "object" || values === null || Array.isArray(values)) return wordsKeep(yaml);
  const lines = [...yaml.matchAll(TOP_LINE)].map(([, key = "", value = ""]): [string, unknown] => [key, value]);
  return [...Object.entries(values), ...lines].some(([key, value]) => propertyKeeps(key.trim().toLowerCase(), value));
}

function propertyKeeps(name: string, value: unknown): boolean {
  if (name === "private") return meansOneOf(value, YES);
  if (name === "sidecar") return keepsOff(value);
  return (name === "tags" || name === "tag") && tagsIn(value).some((tag) => TAG_NAME.test(tag));
}

/** Whether the words of frontmatter that cannot be read may say so. */
function wordsKeep(yaml: string): boolean {
  for (const { 0: found, 1: key = "", index } of yaml.matchAll(KEY)) {
    const behind = yaml.slice(index + found.length, index + found.length + LONGEST_VALUE);
    const next = behind.search(NEXT_KEY);
    const value = (next < 0 ? behind : behind.slice(0, next)).replace(/(?:^|\s)#(?=\s).*/g, "");
    const said = value.split(BETWEEN_WORDS).filter((word) => word !== "");
    if (isPrivate(key) ? said.some((word) => !meansOneOf(word, NO) && word !== "null" && word !== "~") : key.toLowerCase() === "sidecar" ? said.some(keepsOff) : TAG_WORD.test(value)) return true;
  }
  return false;
}

function tagsIn(value: unknown): string[] {
  return scalarsIn(value, listed).flatMap((each) => (typeof each === "string" ? each.split(/[,\s]+/) : []));
}

function keepsOff(value: unknown): boolean {
  return meansOneOf(value, NO) || meansOneOf(value, KEEP_OFF) || meansLocal(value);
}

function meansOneOf(value: unknown, meant: ReadonlySet<string>): boolean {
  return scalarsIn(value, listed).some((each) => meant.has(plain(each)));
}

function meansLocal(value: unknown): boolean {
  return scalarsIn(value, (each) => listed(each) ?? mapped(each)).some((each) => typeof each === "string" && LOCAL.test(each));
}

const listed = (value: unknown): readonly unknown[] | null => (Array.isArray(value) ? value : null);
const mapped = (value: unknown): readonly unknown[] | null => (typeof value === "object" && value !== null ? Object.entries(value).flat() : null);

/** What is in a value and in what it holds, each part once: YAML can name a list inside itself, or double it a hundred times over. */
function scalarsIn(value: unknown, held: (value: unknown) => readonly unknown[] | null): unknown[] {
  const parts = new Set([value]);
  // What is added meanwhile is come to as well.
  for (const part of parts) for (const inner of held(part) ?? []) parts.add(inner);
  return [...parts];
}

function plain(value: unknown): string {
  if (typeof value === "number") return String(Math.trunc(value));
  // Composed: a Mac writes "não" in four letters.
  return typeof value === "string" || typeof value === "boolean" ? String(value).normalize("NFC").trim().toLowerCase() : "";
}

const isPrivate = (key: string): boolean => key.toLowerCase() === "private";
