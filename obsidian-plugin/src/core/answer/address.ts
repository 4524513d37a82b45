/** Addresses in an answer: which may be followed. An answer may have been written to harm. */

const LONGEST = 2000;
const SCHEME = /^(?:https?|obsidian):\/\//i;
// Other addresses of Obsidian's write notes, or run commands of plugins.
const OPENING = /^obsidian:\/\/(?:open|search)\?/i;

const CONTROL = /[\s\p{Cc}\\]/u;

/** The address as the page is to have it, if it is one of http, https or one that opens something in Obsidian; else null. */
export function safeAddress(address: string): string | null {
  if (address.length > LONGEST || !SCHEME.test(address) || CONTROL.test(address)) return null;
  if (/^obsidian:/i.test(address)) return OPENING.test(address) ? address : null;
  try {
    const url = new URL(address);
    // A name in front of the host makes `https://your.bank@evil.example` look like something else.
    return url.username === "" && url.password === "" ? url.href : null;
  } catch {
    return null;
  }
}

/** Whether a wikilink's target is an address, which Obsidian would load when it is embedded. */
export function isAddress(target: string): boolean {
  return /^\s*(?:[a-z][a-z0-9+.-]{1,20}:|[\\/]{2})/i.test(target);
}
