/**
 * What the text of a note says of being kept from models, as the server reads it. Neither the server nor Obsidian's cache has
 * read what was typed a moment ago. When in doubt the note is kept: the user is asked, and can say no.
 */

const words = (text: string): ReadonlySet<string> => new Set(text.split(" "));

// The server's words. Any other value of `private` in frontmatter may have been meant as yes.
const YES = words("true yes on y 1 sim sí si sì oui ja wahr vrai vero verdadero verdadeiro да так tak evet はい 是 예 네 ใช่ نعم हाँ");
const NO = words("false no off n 0 não nao non nein nee falsch faux falso нет ні nie hayır いいえ 否 不 아니요 ไม่ لا नहीं");
const KEEP_OFF = words(
  "private privado privada privato privata privé privée privat particular geheim secret secreto segreto never none" +
    " exclude excluded ignore hidden skip приватно личное 私人 非公開 비공개 local",
);

const BEGINNING = /^\uFEFF?\s*---[ \t]*\r?\n/;
const END = /^(?:---|\.\.\.)[ \t]*$/m;
const FLAG = /(?:^|[^\p{L}\p{N}_-])(private|sidecar)["'\s]*:(?!:)[ \t]*(.*(?:\n(?:[ \t]|-).*)*)/giu;
// On a line of its own, behind whatever marks, or in brackets.
const FIELD = /(?:^(?:[^\p{L}\p{N}_\n]|\p{N}{1,9}[.)])*|[[(][ \t*_~]*)_*(private|sidecar)[ \t*_~]*::[^\p{L}\p{N}_\n]*([\p{L}\p{M}\p{N}_]*)/gimu;
// Not the place that a link leads to.
const TAG = /(?:^|[^\p{L}\p{N}_/("]|(?:^|[^\]])\(|(?:^|[^=])")#(?:private|local-only)(?![\p{L}\p{N}_-])/imu;
const TAG_LIST = /(?:^|[^\p{L}\p{N}_-])tags?["'\s]*:.*(?:\n(?:[ \t]|-).*)*/giu;
const TAG_WORD = /(?:^|[^\p{L}\p{N}_/-])(?:private|local-only)(?![\p{L}\p{N}_-])/iu;

/** Whether the note says that it is private, not for Sidecar, or to stay on this machine. */
export function marksItselfKept(note: string): boolean {
  const text = note.replace(/\r\n?/g, "\n");
  const above = frontmatterOf(text);
  if (TAG.test(text) || [...text.matchAll(FIELD)].some(([, key = "", value = ""]) => fieldKeeps(key, value))) return true;
  if ([...above.matchAll(FLAG)].some(([, key = "", value = ""]) => flagKeeps(key, value))) return true;
  return [...above.matchAll(TAG_LIST)].some(([list]) => TAG_WORD.test(list.slice(list.indexOf(":"))));
}

/** All of it where it does not end: that may be being typed. */
function frontmatterOf(text: string): string {
  const begin = BEGINNING.exec(text)?.[0].length;
  if (begin === undefined) return "";
  const end = END.exec(text.slice(begin));
  return end === null ? text.slice(begin) : text.slice(begin, begin + end.index);
}

function fieldKeeps(key: string, value: string): boolean {
  const word = composed(value);
  return isPrivate(key) ? YES.has(word) : keepsOff(word);
}

/** The value as it is written, maybe a list, on one line or several. */
function flagKeeps(key: string, written: string): boolean {
  const said = composed(written.replace(/(?:^|\s)#.*/g, "")).split(/[^\p{L}\p{M}\p{N}_~]+/u).filter((word) => word !== "");
  return isPrivate(key) ? said.some((word) => !NO.has(word) && word !== "null" && word !== "~") : said.some(keepsOff);
}

const isPrivate = (key: string): boolean => key.toLowerCase() === "private";
const keepsOff = (word: string): boolean => NO.has(word) || KEEP_OFF.has(word);
// A Mac writes "não" in four letters.
const composed = (text: string): string => text.normalize("NFC").toLowerCase();
