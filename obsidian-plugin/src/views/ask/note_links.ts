/** Links to notes within an element: they open, show Obsidian's page preview, and can be dragged into a note. */
import { Notice, parseLinktext, type Component, type HoverParent } from "obsidian";
import type { Context } from "../../context";
import { NoteLinks, type Place } from "../note_links";

/** How Obsidian knows this view among those that show previews; also the type of the view. */
export const ASK_VIEW = "sidecar-ask";

const LINK = "a.internal-link[data-href]";

/** The attributes of a link to a note. `text` is as Obsidian's `openLinkText` takes it. */
export function linkAttributes(text: string, label?: string): Record<string, string> {
  const named: Record<string, string> = label === undefined ? {} : { "aria-label": label };
  return { "data-href": text, href: text, draggable: "true", target: "_blank", rel: "noopener nofollow", ...named };
}

/** Make all links to notes in an element work, also those that come later. */
export function leadToNotes(el: HTMLElement, owner: Component & HoverParent, context: Pick<Context, "app" | "texts" | "inUse">): void {
  const { texts } = context;
  const links = new NoteLinks(context, ASK_VIEW);
  const open = (event: MouseEvent): void => {
    const link = linkAt(event);
    if (link === null || (event.type === "auxclick" && event.button !== 1)) return;
    event.preventDefault();
    // Obsidian would make a note of this name, and nobody has asked for one.
    if (links.file(link.place.path) === null) new Notice(texts("ask.link.none", { name: link.place.path }));
    else void links.open(link.place, event);
  };
  const on = <Name extends "mouseover" | "dragstart" | "contextmenu">(name: Name, run: (event: HTMLElementEventMap[Name], link: Link) => void): void => {
    owner.registerDomEvent(el, name, (event) => {
      const link = linkAt(event);
      if (link !== null) run(event, link);
    });
  };
  owner.registerDomEvent(el, "click", open);
  owner.registerDomEvent(el, "auxclick", open);
  on("mouseover", (event, { target, place }) => links.preview(event, place, target, owner));
  on("dragstart", (event, { place }) => links.drag(event, place));
  on("contextmenu", (event, { place }) => links.menu(event, place));
}

interface Link {
  readonly target: HTMLElement;
  readonly place: Place;
}

function linkAt(event: Event): Link | null {
  // A window of its own has classes of its own: `instanceof` would know none of its elements.
  const hit = event.target as Node | null;
  const target = hit?.instanceOf(Element) === true ? hit.closest<HTMLElement>(LINK) : null;
  return target === null ? null : { target, place: parseLinktext(target.dataset["href"] ?? "") };
}
