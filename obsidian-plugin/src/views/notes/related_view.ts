/** The side view of related notes: which note it follows, its two switches, and what it says when there is no list. */
import { ItemView, type HoverParent, type HoverPopover, type TFile, type ViewStateResult, type WorkspaceLeaf } from "obsidian";
import type { ConnectionState } from "../../core/connection";
import { RelatedFeed, type RelatedState } from "../../core/notes/related_feed";
import { nameAndFolder, relatedRows, type RelatedRow } from "../../core/notes/related_row";
import type { Context } from "../../context";
import { WhyModal } from "../status/why_modal";
import { spokenLabel } from "../spoken_label";
import { drawEmptyState } from "./empty_state";
import { FollowedNote } from "./followed_note";
import { NoteLinks } from "../note_links";
import { RelatedHeader } from "./related_header";
import { RelatedList } from "./related_list";
import { sayProblem, sayWhyNot } from "./saying";
import { stillReading } from "./search_status";

export const RELATED_VIEW = "sidecar-related";
const MOST_ASKED = 100;

export class RelatedView extends ItemView implements HoverParent {
  /** Where Page preview keeps its window. */
  hoverPopover: HoverPopover | null = null;
  private hideLinked = false;
  private index = "";
  private readonly followed: FollowedNote;
  private readonly feed: RelatedFeed;
  private readonly links: NoteLinks;
  private header!: RelatedHeader;
  private body!: HTMLElement;
  private live!: HTMLElement;
  private list: RelatedList | null = null;

  constructor(
    leaf: WorkspaceLeaf,
    private readonly context: Context,
  ) {
    super(leaf);
    this.navigation = false;
    this.links = new NoteLinks(context, RELATED_VIEW);
    const isSeen = (): boolean => this.body !== undefined && this.contentEl.offsetParent !== null;
    this.followed = new FollowedNote(context, isSeen, (path) => void this.feed.show(path));
    this.feed = new RelatedFeed(
      {
        client: () => context.connection.client(),
        limit: () => Math.min(MOST_ASKED, context.settings().related.limit * (this.hideLinked ? 3 : 1)),
        text: async (path) => {
          const file = this.links.file(path);
          return file === null ? "" : context.app.vault.cachedRead(file);
        },
      },
      context.clock,
      () => this.draw(),
    );
  }

  override getViewType(): string {
    return RELATED_VIEW;
  }

  override getDisplayText(): string {
    return this.context.texts("related.title");
  }

  override getIcon(): string {
    return "waypoints";
  }

  override getState(): Record<string, unknown> {
    return { pinned: this.followed.pinned, hideLinked: this.hideLinked };
  }

  override async setState(state: unknown, result: ViewStateResult): Promise<void> {
    const { pinned, hideLinked } = (state ?? {}) as Record<string, unknown>;
    this.followed.pinned = typeof pinned === "string" ? pinned : null;
    this.hideLinked = hideLinked === true;
    await super.setState(state, result);
    this.followed.look({ anew: true });
  }

  protected override async onOpen(): Promise<void> {
    this.drawFrame();
    const { metadataCache } = this.context.app;
    this.followed.listen(this);
    this.registerEvent(metadataCache.on("changed", (file) => file.path === this.followed.path && this.feed.edited()));
    this.registerEvent(metadataCache.on("resolve", (file) => this.linksChanged(file)));
    this.register(this.context.connection.listen((state) => this.connectionChanged(state)));
    this.register(this.context.listenSettings(() => this.followed.look({ anew: true })));
    this.followed.look({ anew: true });
    return Promise.resolve();
  }

  protected override async onClose(): Promise<void> {
    this.feed.close();
    return Promise.resolve();
  }

  override onResize(): void {
    this.followed.look();
  }

  private drawFrame(): void {
    const { texts } = this.context;
    this.contentEl.empty();
    this.contentEl.addClass("sidecar-related");
    this.header = new RelatedHeader(this.contentEl, texts, {
      pin: () => this.followed.pin(this.followed.pinned === null ? this.followed.path : null),
      hideLinked: () => this.setHideLinked(!this.hideLinked),
    });
    this.live = this.contentEl.createDiv({ cls: "sidecar-notes-live", attr: { role: "status" } });
    this.body = this.contentEl.createDiv({ cls: "sidecar-related-body" });
  }

  private setHideLinked(hide: boolean): void {
    this.hideLinked = hide;
    this.context.app.workspace.requestSaveLayout();
    this.followed.look({ anew: true });
  }

  private linksChanged(file: TFile): void {
    if (this.feed.state.kind !== "found") return;
    const here = this.feed.state.path;
    if (file.path === here || this.feed.state.notes.some((note) => note.path === file.path)) this.draw();
  }

  private connectionChanged(state: ConnectionState): void {
    // What is indexed and embedded decides what is related.
    const index = state.kind === "online" && state.vault !== null ? `${state.vault.indexed} ${state.vault.chunks_without_vector}` : state.kind;
    const answered = this.feed.state.kind === "found" || this.feed.state.kind === "missing";
    if (index !== this.index || !answered) this.followed.look({ anew: true });
    this.index = index;
  }

  private draw(): void {
    const { texts } = this.context;
    const state = this.feed.state;
    const path = state.kind === "none" ? null : state.path;
    const title = path === null ? texts("related.title") : nameAndFolder(path).name;
    this.header.show({ title, pinned: this.followed.pinned !== null, pinnable: path !== null, hidden: this.hideLinked });
    this.body.setAttr("aria-busy", String(state.kind === "looking" || (state.kind === "found" && state.following)));
    if (state.kind === "found") return this.drawFound(state);
    if (state.kind === "looking" && this.list !== null) return;
    this.list = null;
    this.live.setText("");
    this.drawWithout(state);
  }

  private drawFound(state: Extract<RelatedState, { kind: "found" }>): void {
    const { texts } = this.context;
    const rows = this.rows(state);
    if (rows.length === 0) {
      this.list = null;
      drawEmptyState(this.body, texts(this.hideLinked && state.notes.length > 0 ? "related.all_linked" : "related.nothing"));
    } else {
      this.list ??= this.newList();
      this.list.draw(rows);
    }
    const says = [texts("related.count", { count: rows.length }), stillReading(this.context)].filter((part) => part !== "").join(" · ");
    if (!state.following && this.live.textContent !== says) this.live.setText(says);
  }

  private newList(): RelatedList {
    this.body.empty();
    const list = this.body.createEl("ul", { cls: "sidecar-related-list", attr: { role: "list" } });
    spokenLabel(list, this.context.texts("related.title"));
    return new RelatedList(list, this.links, this.context.texts, this);
  }

  private rows(state: Extract<RelatedState, { kind: "found" }>): readonly RelatedRow[] {
    const { limit, minimumScore } = this.context.settings().related;
    const links = this.context.app.metadataCache.resolvedLinks;
    return relatedRows(state.path, state.notes, { links, hideLinked: this.hideLinked, minimumScore }).slice(0, limit);
  }

  private drawWithout(state: Exclude<RelatedState, { kind: "found" }>): void {
    const { texts, connection } = this.context;
    const look = { text: texts("notes.look_again"), run: () => void connection.look().then(() => this.followed.look({ anew: true })) };
    if (state.kind === "none") return drawEmptyState(this.body, texts("related.none"));
    if (state.kind === "looking") return drawEmptyState(this.body, texts("notes.looking"));
    if (state.kind === "missing") {
      const explain = { text: texts("why.command"), run: () => new WhyModal(this.context, state.path).open() };
      return drawEmptyState(this.body, texts("related.missing"), { detail: sayWhyNot(state.why, texts), remedies: [explain] });
    }
    const { says, detail } = sayProblem(state.problem, connection.state, texts);
    drawEmptyState(this.body, says, { detail, remedies: [look] });
  }
}
