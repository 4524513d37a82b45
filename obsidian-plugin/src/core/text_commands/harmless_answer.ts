/** An answer that loads nothing from the network once it stands in a note. Text that was injected into a note can make
 * a model write an image whose address carries the note's words away as soon as the note is shown; what the note
 * itself had already stays as it was. */

const IMAGE = /!(\[(?:[^[\]]|\[[^[\]]*\])*\])(\([^)]*\)|\[[^\]]*\])?/g;
const LOADS = /<(?=\/?(?:img|iframe|video|audio|embed|object|source|link|script|svg|style|base|form|input|picture|track|image|meta|portal)\b)/gi;

/** Give the answer with new remote images as links, and with new elements that load something as plain text. */
export function harmless(answer: string, original: string): string {
  const shown = answer.replace(IMAGE, (whole: string, alt: string, target: string | undefined) =>
    original.includes(whole) || isLocal(alt, target) ? whole : alt + (target ?? ""),
  );
  return shown.replace(LOADS, (angle: string, at: number) => {
    const end = shown.indexOf(">", at);
    const element = end < 0 ? shown.slice(at) : shown.slice(at, end + 1);
    return original.includes(element) ? angle : "&lt;";
  });
}

/** Whether an image's target is a file of the vault. A name that is explained elsewhere may be any address. */
function isLocal(alt: string, target: string | undefined): boolean {
  if (target === undefined && alt.startsWith("[[")) return true;
  if (target === undefined || target.startsWith("[")) return false;
  const address = target.slice(1, -1).trim().replace(/^</, "");
  return !/^(?:[a-z][a-z0-9+.-]*:|[/\\]{2})/i.test(address);
}
