/**
 * What stands in an element, described as values and brought onto the page by changing only what differs from the last time.
 * An answer that grows keeps what has been selected, hovered or unfolded in it. Nothing is ever parsed as markup.
 */

export interface Drawn {
  readonly tag: keyof HTMLElementTagNameMap;
  readonly attr: Readonly<Record<string, string>>;
  readonly inside: readonly Part[];
}
export type Part = Drawn | string;

export function drawn(tag: keyof HTMLElementTagNameMap, attr: Readonly<Record<string, string>>, ...inside: readonly Part[]): Drawn {
  return { tag, attr, inside };
}

/** Owns all children of an element. */
export class Drawing {
  private last: readonly Part[] = [];

  constructor(private readonly el: HTMLElement) {}

  draw(now: readonly Part[]): void {
    bring(this.el, this.last, now);
    this.last = now;
  }
}

function bring(el: HTMLElement, last: readonly Part[], now: readonly Part[]): void {
  now.forEach((part, place) => {
    const node = el.childNodes[place];
    if (node === undefined || !changed(node, last[place], part)) put(el, part, node ?? null);
  });
  while (el.childNodes.length > now.length) el.lastChild?.remove();
}

/** Change a node into what it is to be; false where it has to be another. */
function changed(node: ChildNode, last: Part | undefined, now: Part): boolean {
  if (last === now) return true;
  if (typeof now === "string") return node.nodeType === Node.TEXT_NODE && reworded(node as Text, now);
  if (last === undefined || typeof last === "string" || last.tag !== now.tag) return false;
  const el = node as HTMLElement;
  for (const name of Object.keys(last.attr)) if (!(name in now.attr)) el.removeAttribute(name);
  for (const [name, value] of Object.entries(now.attr)) if (last.attr[name] !== value) el.setAttribute(name, value);
  bring(el, last.inside, now.inside);
  return true;
}

/** Text that grows is added to: a selection in it stays. */
function reworded(node: Text, now: string): true {
  if (now.startsWith(node.data)) {
    if (now.length > node.data.length) node.appendData(now.slice(node.data.length));
  } else node.data = now;
  return true;
}

function put(el: HTMLElement, part: Part, instead: ChildNode | null): void {
  const made = typeof part === "string" ? el.doc.createTextNode(part) : element(el, part);
  if (instead === null) el.appendChild(made);
  else el.replaceChild(made, instead);
}

function element(within: HTMLElement, part: Drawn): HTMLElement {
  const el = within.createEl(part.tag, { attr: { ...part.attr } });
  bring(el, [], part.inside);
  return el;
}
