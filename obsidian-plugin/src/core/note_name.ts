/** Names for files that every system takes, and Obsidian links to. */

const RESERVED = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i;
// What Windows or Obsidian's links do not allow; what is invisible, or turns the writing round.
const FORBIDDEN = /[\\/:*?"<>|#^[\]\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]+/gu;
const MOST_BYTES = 120;

/** Make a name, without an ending, out of any text: its first line, as much as fits; `fallback` where nothing is left. */
export function noteName(text: string, fallback: string, mostBytes = MOST_BYTES): string {
  return cleaned(text.trim().split(/[\r\n]/)[0] ?? "", mostBytes) || cleaned(fallback, mostBytes) || "_";
}

/** A name that none of the files in a folder has yet, told by `isTaken`; capitals and small letters are the same. */
export function freeName(name: string, isTaken: (name: string) => boolean): string {
  if (!isTaken(name)) return name;
  let number = 2;
  while (isTaken(`${name} ${number}`)) number += 1;
  return `${name} ${number}`;
}

function cleaned(text: string, mostBytes: number): string {
  const plain = text.normalize("NFC").replace(/[*`]/g, "").replace(FORBIDDEN, " ").replace(/\s+/g, " ");
  const name = trimmed(shortened(trimmed(plain), mostBytes));
  return RESERVED.test(name) ? `${name.replace(/\./g, "")}_` : name;
}

/** A dot in front hides a file, one at the end is lost on Windows; so is a blank. */
function trimmed(name: string): string {
  return name.replace(/^[\s.]+|[\s.,;:!]+$/g, "");
}

/** At most so many bytes of UTF-8, cut between words where one ends in the last third. */
function shortened(name: string, mostBytes: number): string {
  const encoder = new TextEncoder();
  if (encoder.encode(name).length <= mostBytes) return name;
  let short = "";
  let bytes = 0;
  for (const character of graphemes(name)) {
    bytes += encoder.encode(character).length;
    if (bytes > mostBytes) break;
    short += character;
  }
  const blank = short.lastIndexOf(" ");
  return blank > (short.length * 2) / 3 ? short.slice(0, blank) : short;
}

function graphemes(text: string): string[] {
  return Array.from(new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text.slice(0, 1000)), (part) => part.segment);
}
