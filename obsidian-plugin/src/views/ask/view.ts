/** The side view in which the notes are asked. It shows the conversation, which lives on when it is closed. */
import { ItemView, Scope, type HoverPopover, type WorkspaceLeaf } from "obsidian";
import type { ConnectionState } from "../../core/connection";
import type { Context } from "../../context";
import type { Asking } from "./asking";
import type { AboutPrompt } from "./about";
import { addActiveNote, addSelection } from "./active_note";
import { Chips } from "./chips";
import { Composer } from "./composer";
import { EmptyState } from "./empty_state";
import { iconButton, renamed } from "./icon_button";
import { ModelPicker } from "./model_picker";
import { ASK_VIEW, leadToNotes } from "./note_links";
import { ProblemBox, problemOf } from "./problem_box";
import { save } from "./saving";
import { vaultHere, vaultNames } from "./served_vaults";
import { Thread } from "./thread";
import { reasonsFor } from "./why_source";
import { spokenLabel } from "../spoken_label";

interface Parts {
  readonly saving: HTMLButtonElement;
  readonly offline: ProblemBox;
  readonly empty: EmptyState;
  readonly thread: Thread;
  readonly chips: Chips;
  readonly picker: ModelPicker;
  readonly composer: Composer;
}

export class AskView extends ItemView {
  hoverPopover: HoverPopover | null = null;
  private parts: Parts | null = null;
  private drawing = 0;

  constructor(
    leaf: WorkspaceLeaf,
    private readonly context: Context,
    private readonly asking: Asking,
  ) {
    super(leaf);
    this.icon = "message-circle-question";
    this.navigation = false;
    this.scope = new Scope(this.app.scope);
    this.scope.register([], "Escape", (event) => (event.isComposing ? undefined : this.escape()));
  }

  override getViewType(): string {
    return ASK_VIEW;
  }

  override getDisplayText(): string {
    return this.context.texts("ask.title");
  }

  protected override onOpen(): Promise<void> {
    this.parts = this.build();
    leadToNotes(this.contentEl, this, this.context);
    this.register(this.asking.listen(() => this.later()));
    this.register(this.contentEl.onWindowMigrated(() => this.redraw()));
    this.register(this.context.connection.listen((state) => this.connected(state)));
    this.register(this.context.listenSettings(() => this.later()));
    this.connected(this.context.connection.state);
    this.parts.composer.fill(this.asking.draft);
    this.draw();
    return Promise.resolve();
  }

  protected override onClose(): Promise<void> {
    this.contentEl.win.cancelAnimationFrame(this.drawing);
    this.drawing = 0;
    this.parts = null;
    this.contentEl.empty();
    return Promise.resolve();
  }

  focusBox(): void {
    this.parts?.composer.focus();
  }

  fillBox(text: string): void {
    this.parts?.composer.fill(text);
    this.focusBox();
  }

  /** Put the question of a prompt into the box; how it is to be asked goes along. */
  fillPrompt(text: string, prompt: AboutPrompt): void {
    this.asking.about.addPrompt({ ...prompt, model: prompt.model ?? this.asking.choice.model });
    this.fillBox(text);
  }

  private build(): Parts {
    const { texts } = this.context;
    const { asking } = this;
    this.contentEl.empty();
    this.contentEl.addClass("sidecar-ask");
    const head = this.contentEl.createDiv({ cls: "sidecar-ask-head", attr: { role: "group" } });
    spokenLabel(head, texts("ask.conversation"));
    iconButton(head, "plus", texts("ask.new"), () => this.startAnew());
    const saving = iconButton(head, "save", texts("ask.save"), () => void save(this.context, asking));
    const offline = new ProblemBox(this.contentEl, texts, () => void this.context.connection.look());
    const empty = new EmptyState(this.contentEl, texts, (question) => this.fillBox(question));
    const thread = new Thread(this.contentEl, this.context, {
      edit: (id) => this.edit(id),
      regenerate: (id) => asking.regenerate(id),
      reasons: async (source, asked) => reasonsFor(source, asked, this.context.connection.client(), texts),
    });
    const foot = this.contentEl.createDiv({ cls: "sidecar-ask-foot" });
    const chips = new Chips(foot, texts, {
      addNote: () => addActiveNote(this.context, asking.about),
      addSelection: () => addSelection(this.context, asking.about),
      cancelEdit: () => this.cancelEdit(),
    });
    const frame = foot.createDiv({ cls: "sidecar-ask-composer" });
    const bar = frame.createDiv({ cls: "sidecar-ask-bar" });
    const picker = new ModelPicker(bar, texts, (chosen) => asking.choose(chosen));
    const composer = new Composer(frame, bar, texts, {
      send: (question) => asking.ask(question),
      stop: () => asking.stop(),
      asked: () => asking.questions,
      typed: (text) => (asking.draft = text),
    });
    return { saving, offline, empty, thread, chips, picker, composer };
  }

  /** Once for a frame, however many pieces came. */
  private later(): void {
    const { win } = this.contentEl;
    this.drawing ||= win.requestAnimationFrame(() => {
      this.drawing = 0;
      this.draw();
    });
  }

  /** The window that it was in may have gone with the frame that was asked of it, which then never comes. */
  private redraw(): void {
    this.drawing = 0;
    this.draw();
  }

  private draw(): void {
    if (this.parts === null) return;
    const { asking, parts } = this;
    parts.empty.show(asking.isEmpty);
    parts.thread.el.toggle(!asking.isEmpty);
    parts.thread.show(asking.turns);
    parts.chips.show(asking.about, asking.editing !== null);
    parts.composer.setRunning(asking.isRunning);
    const { connection } = this.context;
    parts.picker.show(asking.models, vaultNames(connection), vaultHere(connection), asking.choice);
    parts.saving.disabled = asking.isEmpty;
    renamed(parts.saving, this.context.texts(asking.saved === null ? "ask.save" : "ask.update"));
  }

  private connected(state: ConnectionState): void {
    this.parts?.offline.show(problemOf(state));
    if (state.kind === "online") void this.asking.look();
  }

  private edit(id: number): void {
    this.asking.edit(id);
    this.fillBox(this.asking.turns.find(({ turn }) => turn.id === id)?.turn.question ?? "");
  }

  private cancelEdit(): void {
    this.asking.edit(null);
    this.fillBox("");
  }

  startAnew(): void {
    this.asking.clear();
    this.fillBox("");
  }

  /** Stops the answer, or gives up an edit; else Escape is Obsidian's. */
  private escape(): false | undefined {
    if (this.asking.isRunning) this.asking.stop();
    else if (this.asking.editing !== null) this.cancelEdit();
    else return undefined;
    return false;
  }
}
