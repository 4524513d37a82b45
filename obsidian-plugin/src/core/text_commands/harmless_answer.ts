/** An answer that loads and runs nothing once it stands in a note. Text that was injected into a note can make a model
 * write an image whose address carries the note's words away as soon as the note is shown, or a block that a plugin runs;
 * what the note itself had already stays as it was. */
import { isAddress } from "../answer/address";
import { isShownAsCode, withoutLoadingTex } from "../answer/running";

// All the signs in front go: one that is left would make an image of the next.
const IMAGES = /!+\[?/g;
const EMBED = /!\[\[[^[\]\n]{1,1000}\]\](?!\()/y;
const INLINE_IMAGE = /!\[((?:[^[\]\n]|\[[^[\]\n]*\]){0,500})\]\(((?:[^()\n]|\([^()\n]*\)){0,2000})\)/y;
const NAMED_IMAGE = /!\[[^[\]\n]{0,500}\](?:\[[^[\]\n]{0,500}\])?(?!\()/y;
// Markdown reads an entity, and a sign behind a backslash, as another sign than stands there.
const REMOTE = /^\s*<?\s*(?:[a-z][a-z0-9+.-]*:|[/\\]{2})|\\|&#?\w+;/i;
const DEFINITION = /^[ \t>]*\[[^\]\n]+\]:.*$/gm;
const LOADS = /^<\/?(?:img|iframe|frame|frameset|video|audio|embed|object|applet|source|link|script|svg|use|style|base|form|input|picture|track|image|meta|portal|body|bgsound)\b/i;
const CARRIES = /[\s"'/](?:style|background|poster|data|action|formaction|ping|\w*srcset|\w*src|xlink:href|on\w+)\s*=/i;
const ELEMENT = /<(?=[a-z/!?])/gi;
const LONGEST_ELEMENT = 1000;
const WHOLE_ELEMENT = /<[^\s>"']*(?:"[^"]*"|'[^']*'|[^'">])*>/y;
const FENCE = /^([ \t>*+\d.)-]{0,40})(`{3,}|~{3,})[ \t]*([^\s`]+)/;
const RUN_INLINE = /`+[ \t]*(?:\$?=|(?:INPUT|VIEW|BUTTON)\[)[^`\n]*/g;
const TEMPLATE = /<%[^%\n]{0,500}/g;

/** Give the answer with what is new in it and would be loaded or run as plain text, or as a link. */
export function harmless(answer: string, original: string): string {
  return withoutRunning(withoutElements(withoutImages(answer, original), original), original);
}

function withoutImages(answer: string, original: string): string {
  const defines = (answer.match(DEFINITION) ?? []).every((line) => original.includes(line));
  return answer.replace(IMAGES, (found: string, at: number) => {
    if (!found.endsWith("[")) return found;
    const signs = found.slice(0, -1);
    const image = signs.length === 1 ? imageAt(answer, at) : null;
    if (image === null) return "[";
    const kept = image.named ? defines && original.includes(image.text) : image.local || original.includes(image.text);
    return kept ? found : "[";
  });
}

interface Image {
  readonly text: string;
  readonly local: boolean;
  /** Its address stands elsewhere, and may be any. */
  readonly named: boolean;
}

function imageAt(text: string, at: number): Image | null {
  const embed = matchAt(EMBED, text, at);
  if (embed !== null) return { text: embed, local: !isAddress(embed.slice(3)), named: false };
  INLINE_IMAGE.lastIndex = at;
  const [inline, words = "", address = ""] = INLINE_IMAGE.exec(text) ?? [];
  if (inline !== undefined) return { text: inline, local: !/[\\`<]/.test(words) && !REMOTE.test(address), named: false };
  const named = matchAt(NAMED_IMAGE, text, at);
  return named === null ? null : { text: named, local: false, named: true };
}

function withoutElements(answer: string, original: string): string {
  return answer.replace(ELEMENT, (angle: string, at: number) => {
    const near = answer.slice(at, at + LONGEST_ELEMENT);
    const whole = near.includes(">") ? matchAt(WHOLE_ELEMENT, near, 0) : null;
    if (whole !== null && original.includes(whole)) return angle;
    // What has no end here may find it in what the note says behind the answer, and carry that away.
    const loads = LOADS.test(near) || CARRIES.test(whole ?? near) || (whole === null && near.length === LONGEST_ELEMENT);
    return loads ? "&lt;" : angle;
  });
}

/** Blocks and code that plugins run, commands of Templater, and mathematics with addresses in it. */
function withoutRunning(answer: string, original: string): string {
  const lines = answer.split("\n");
  const made = lines.map((line, at) => {
    const tex = original.includes(line) ? line : withoutLoadingTex(line);
    const [whole, before, fence, language] = FENCE.exec(tex) ?? [];
    if (whole === undefined || before === undefined || fence === undefined || language === undefined) return tex;
    if (isShownAsCode(language) || original.includes(blockAt(lines, at, fence))) return tex;
    return `${before}${fence}text${tex.slice(whole.length)}`;
  });
  return made
    .join("\n")
    .replace(RUN_INLINE, (code) => (original.includes(code) ? code : `\\${code.replace(/`/g, "")}`))
    .replace(TEMPLATE, (command) => (original.includes(command) ? command : `< ${command.slice(1)}`));
}

/** A fenced block from its first line on, to its end or that of the text. */
function blockAt(lines: readonly string[], at: number, fence: string): string {
  let end = at + 1;
  while (end < lines.length && lines[end]?.replace(/^[ \t>]*/, "").startsWith(fence) !== true) end += 1;
  return lines.slice(at, end + 1).join("\n");
}

function matchAt(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}
