/** A note in its editor: loaded, saved a while after the last change, and kept in step with what others write to it. */
import { difference, Editor } from "./editor";
import { TFile } from "./files";
import { renderInto } from "./markdown";
import { Menu } from "./menu";
import { resolveSubpath } from "./metadata";
import type { WorkspaceLeaf } from "./leaf";
import { debounce } from "./timing";
import { TextFileView } from "./views";

// Obsidian saves two seconds after the last change.
const SAVE_MS = 2000;

export class MarkdownView extends TextFileView {
  editor: Editor;
  hoverPopover: unknown = null;
  override icon = "lucide-file";
  _source: HTMLElement;
  _preview: HTMLElement;
  _saved = "";
  override requestSave = debounce(() => void this.save(), SAVE_MS, true);

  constructor(leaf: WorkspaceLeaf) {
    super(leaf);
    this._source = this.contentEl.createDiv({ cls: "markdown-source-view mod-cm6" });
    this._preview = this.contentEl.createDiv({ cls: "markdown-preview-view markdown-rendered" });
    this._preview.hide();
    this.editor = new Editor(this._source, () => this.app.workspace._editorExtensions);
    this.editor._onChange = () => this._changed();
    this._source.addEventListener("contextmenu", (event) => this._editorMenu(event));
    this.registerDomEvent(this._source, "drop", (event: DragEvent) => this.app.workspace.trigger("editor-drop", event, this.editor, this));
    this._source.addEventListener("paste", (event) => this.app.workspace.trigger("editor-paste", event, this.editor, this));
  }
  override onunload(): void {
    this.editor.cm.destroy();
  }
  override onload(): void {
    this.registerEvent(this.app.vault.on("modify", (file: unknown) => void (file === this.file ? this._reload() : undefined)));
    this.registerEvent(this.app.vault.on("rename", (file: unknown) => void (file === this.file ? this.onRename(this.file as TFile) : undefined)));
    this.registerEvent(this.app.vault.on("delete", (file: unknown) => void (file === this.file ? this.leaf.detach() : undefined)));
  }
  getViewType(): string {
    return "markdown";
  }
  override canAcceptExtension(extension: string): boolean {
    return extension === "md";
  }
  getMode(): "source" | "preview" {
    return this._preview.isShown() ? "preview" : "source";
  }
  override getState(): Record<string, unknown> {
    return { ...super.getState(), mode: this.getMode() };
  }
  override async setState(state: unknown): Promise<void> {
    await super.setState(state);
    const mode = (state as { mode?: string }).mode;
    if (mode !== undefined) this._show(mode === "preview");
  }
  _show(preview: boolean): void {
    this._preview.empty();
    if (preview) renderInto(this._preview, this.getViewData());
    this._preview.toggle(preview);
    this._source.toggle(!preview);
  }
  getViewData(): string {
    return this.editor.getValue();
  }
  setViewData(data: string, clear: boolean): void {
    this.data = data;
    if (clear) this.editor._load(data);
    else if (data !== this.editor.getValue()) this.editor._splice([difference(this.editor.getValue(), data)], null);
  }
  clear(): void {
    this.editor._load("");
  }
  override async onLoadFile(file: TFile): Promise<void> {
    this._saved = await this.app.vault.read(file);
    this.setViewData(this._saved, true);
    this._show(false);
  }
  override async onUnloadFile(): Promise<void> {
    await this.save();
  }
  async save(): Promise<void> {
    this.requestSave.cancel();
    const text = this.getViewData();
    if (this.file === null || text === this._saved) return;
    this._saved = text;
    this.data = text;
    await this.app.vault.modify(this.file, text);
  }
  _changed(): void {
    this.data = this.getViewData();
    this.app.workspace.trigger("editor-change", this.editor, this);
    if (this.data !== this._saved) this.requestSave();
  }
  // What another wrote to the file is put into the editor without losing what is not saved yet.
  _reload(): void {
    const text = (this.file === null ? undefined : this.app.vault._texts.get(this.file.path)) ?? "";
    if (text === this._saved) return;
    const theirs = difference(this._saved, text);
    const ours = difference(this._saved, this.getViewData());
    const apart = theirs.to <= ours.from || ours.to <= theirs.from;
    const dirty = this.getViewData() !== this._saved;
    this._saved = text;
    if (!dirty || !apart) return this.setViewData(text, false);
    const shift = ours.to <= theirs.from ? ours.text.length - (ours.to - ours.from) : 0;
    this.editor._splice([{ ...theirs, from: theirs.from + shift, to: theirs.to + shift }], null);
  }
  override getEphemeralState(): Record<string, unknown> {
    return { cursor: { from: this.editor.getCursor("from"), to: this.editor.getCursor("to") }, scroll: this.editor.getScrollInfo().top };
  }
  override setEphemeralState(state: unknown): void {
    const { subpath, line, focus } = state as { subpath?: string; line?: number; focus?: boolean };
    const place = subpath === undefined || this.file === null ? null : resolveSubpath(this.app.metadataCache.getFileCache(this.file) ?? {}, subpath);
    const at = place?.start.line ?? line;
    if (at !== undefined) this._mark(at);
    if (focus === true) this.editor.focus();
  }
  _mark(line: number): void {
    const from = { line, ch: 0 };
    const to = { line, ch: this.editor.getLine(line).length };
    this.editor.setSelection(from, to);
    this.editor.scrollIntoView({ from, to }, true);
    this.contentEl.dataset["markedLine"] = this.editor.getLine(line);
  }
  _editorMenu(event: MouseEvent): void {
    event.preventDefault();
    const menu = new Menu();
    this.app.workspace.trigger("editor-menu", menu, this.editor, this);
    menu.showAtMouseEvent(event);
  }
  showSearch(): void {}
}
