/** The rows of related notes on the page. Keeps which are open, where the focus is and what is drawn already. */
import { Keymap, setIcon, type HoverParent } from "obsidian";
import type { Reason, RelatedRow } from "../../core/notes/related_row";
import type { Key, Texts } from "../../core/texts/texts";
import type { NoteLinks, Place } from "../note_links";
import { RovingList } from "./roving_list";
import { drawSnippet } from "./snippet";

// Few scores are above: on four vaults 0.2 to 5 notes of 20 were above 0.4. With 1 all bars would look alike.
const FULL = "0.5";
const REASONS = { meaning: "related.reason.meaning", words: "related.reason.words", links: "related.reason.links", tags: "related.reason.tags" } as const;

export class RelatedList {
  private readonly opened = new Set<string>();
  private readonly roving: RovingList;
  private rows: readonly RelatedRow[] = [];
  private drawn = "";

  constructor(
    private readonly list: HTMLElement,
    private readonly links: NoteLinks,
    private readonly texts: Texts,
    private readonly parent: HoverParent,
  ) {
    this.roving = new RovingList(list, ".sidecar-related-open");
  }

  /** Draw the rows; what is there already stays as it is, so that nothing moves under the pointer. */
  draw(rows: readonly RelatedRow[]): void {
    const wanted = JSON.stringify(rows);
    if (wanted === this.drawn && this.list.childElementCount > 0) return;
    const focused = this.rows[this.roving.focused()]?.note.path;
    this.rows = rows;
    this.drawn = wanted;
    this.list.empty();
    rows.forEach((row, place) => this.drawRow(row, place));
    const again = rows.findIndex((row) => row.note.path === focused);
    if (focused === undefined) this.roving.renew(0);
    else this.roving.focus(Math.max(0, again));
  }

  private drawRow(row: RelatedRow, place: number): void {
    const item = this.list.createEl("li", { cls: "sidecar-related-row" });
    item.toggleClass("is-linked", row.linked.to || row.linked.from);
    const line = item.createDiv({ cls: "sidecar-related-line" });
    const open = this.drawOpen(line, row);
    this.drawScore(line, row);
    const more = item.createDiv({ cls: "sidecar-related-more", attr: { id: `sidecar-related-more-${place}` } });
    const expand = this.drawButton(line, "chevron-down", this.texts("related.expand", { name: row.name }), () => unfold(!this.opened.has(row.note.path)));
    expand.setAttr("aria-controls", more.id);
    this.drawButton(line, "link", this.texts("related.insert", { name: row.name }), () => this.links.insert(placeOf(row)));
    const unfold = (wanted: boolean): void => {
      if (wanted) this.opened.add(row.note.path);
      else this.opened.delete(row.note.path);
      expand.setAttr("aria-expanded", String(wanted));
      more.toggleAttribute("hidden", !wanted);
    };
    this.drawMore(more, row);
    unfold(this.opened.has(row.note.path));
    open.addEventListener("keydown", (event) => this.key(event, row, unfold));
  }

  /** The part that opens the note, and that can be dragged. */
  private drawOpen(line: HTMLElement, row: RelatedRow): HTMLElement {
    const open = line.createDiv({ cls: "sidecar-related-open", attr: { role: "link", draggable: "true", tabindex: "-1" } });
    open.createSpan({ cls: "sidecar-related-name", text: row.name });
    if (row.folder !== "") open.createSpan({ cls: "sidecar-related-folder", text: row.folder });
    const mark = this.linkedText(row);
    if (mark !== null) open.createSpan({ cls: "sidecar-related-mark", text: this.texts(mark) });
    open.addEventListener("click", (event) => void this.links.open(placeOf(row), event));
    open.addEventListener("auxclick", (event) => event.button === 1 && void this.links.openInTab(placeOf(row)));
    open.addEventListener("contextmenu", (event) => this.links.menu(event, placeOf(row)));
    open.addEventListener("dragstart", (event) => this.links.drag(event, placeOf(row)));
    open.addEventListener("mouseover", (event) => this.links.preview(event, placeOf(row), open, this.parent));
    return open;
  }

  private drawScore(line: HTMLElement, row: RelatedRow): void {
    const says = this.texts("related.score", { percent: Math.round(row.note.score * 100) });
    line.createEl("meter", { cls: "sidecar-score", attr: { min: "0", max: FULL, value: String(row.note.score), "aria-label": says, "aria-valuetext": says } });
  }

  private drawButton(line: HTMLElement, icon: string, label: string, run: () => void): HTMLElement {
    const button = line.createEl("button", { cls: "clickable-icon sidecar-related-button", attr: { "aria-label": label, type: "button" } });
    setIcon(button, icon);
    button.addEventListener("click", run);
    return button;
  }

  private drawMore(more: HTMLElement, row: RelatedRow): void {
    const reasons = more.createEl("ul", { cls: "sidecar-related-reasons" });
    for (const reason of row.reasons) reasons.createEl("li", { text: this.reasonText(reason) });
    if (row.reasons.length === 0) reasons.remove();
    drawSnippet(more.createEl("blockquote", { cls: "sidecar-related-snippet" }), row.note.text, row.note.why.matched);
  }

  private key(event: KeyboardEvent, row: RelatedRow, unfold: (wanted: boolean) => void): void {
    if (event.key === "Enter" && event.altKey) this.links.insert(placeOf(row));
    else if (event.key === "Enter" || event.key === " ") void this.links.open(placeOf(row), Keymap.isModEvent(event) === false ? null : event);
    else if (event.key === "ArrowRight") unfold(true);
    else if (event.key === "ArrowLeft") unfold(false);
    else return;
    event.preventDefault();
  }

  private linkedText({ linked }: RelatedRow): Key | null {
    if (linked.to && linked.from) return "related.linked.both";
    if (linked.to) return "related.linked.to";
    return linked.from ? "related.linked.from" : null;
  }

  private reasonText(reason: Reason): string {
    return reason.kind === "meaning" ? this.texts(REASONS.meaning, { percent: reason.percent }) : this.texts(REASONS[reason.kind], { what: reason.what });
  }
}

function placeOf(row: RelatedRow): Place {
  return { path: row.note.path, subpath: "" };
}
