/** Links to notes within an element: they open, show Obsidian's page preview, and can be dragged into a note. */
import { Keymap, Notice, parseLinktext, type App, type Component, type HoverParent } from "obsidian";
import type { Texts } from "../../core/texts/texts";

/** How Obsidian knows this view among those that show previews; also the type of the view. */
export const ASK_VIEW = "sidecar-ask";

const LINK = "a.internal-link[data-href]";

/** The attributes of a link to a note. `text` is as Obsidian's `openLinkText` takes it; `wikilink` is what a drag gives. */
export function linkAttributes(text: string, wikilink: string, label?: string): Record<string, string> {
  const named: Record<string, string> = label === undefined ? {} : { "aria-label": label };
  return { "data-href": text, href: text, "data-wikilink": wikilink, draggable: "true", target: "_blank", rel: "noopener nofollow", ...named };
}

/** Make all links to notes in an element work, also those that come later. */
export function leadToNotes(el: HTMLElement, owner: Component & HoverParent, app: App, texts: Texts): void {
  const open = (event: MouseEvent): void => {
    const link = linkAt(event);
    if (link === null || (event.type === "auxclick" && event.button !== 1)) return;
    event.preventDefault();
    const { path } = parseLinktext(link.dataset["href"] ?? "");
    // Obsidian would make a note of this name, and nobody has asked for one.
    if (app.metadataCache.getFirstLinkpathDest(path, "") === null) new Notice(texts("ask.link.none", { name: path }));
    else void app.workspace.openLinkText(link.dataset["href"] ?? "", "", Keymap.isModEvent(event));
  };
  owner.registerDomEvent(el, "click", open);
  owner.registerDomEvent(el, "auxclick", open);
  owner.registerDomEvent(el, "mouseover", (event) => {
    const link = linkAt(event);
    if (link === null || (event.relatedTarget instanceof Node && link.contains(event.relatedTarget))) return;
    const linktext = link.dataset["href"] ?? "";
    app.workspace.trigger("hover-link", { event, source: ASK_VIEW, hoverParent: owner, targetEl: link, linktext, sourcePath: "" });
  });
  owner.registerDomEvent(el, "dragstart", (event) => {
    const link = linkAt(event);
    if (link === null || event.dataTransfer === null) return;
    // The browser has put the link's address there, which leads nowhere outside this page.
    event.dataTransfer.clearData();
    event.dataTransfer.setData("text/plain", link.dataset["wikilink"] ?? "");
    event.dataTransfer.effectAllowed = "copyLink";
  });
}

function linkAt(event: Event): HTMLElement | null {
  return event.target instanceof Element ? event.target.closest<HTMLElement>(LINK) : null;
}
