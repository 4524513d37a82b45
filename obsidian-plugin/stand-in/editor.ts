/** The editor of a note on a CodeMirror view: positions, changes, and a history in which one transaction is one step. */
import { EditorSelection, EditorState, StateEffect, type Extension } from "@codemirror/state";
import { EditorView, type ViewUpdate } from "@codemirror/view";
import { Strict } from "./strict";

export type Position = { line: number; ch: number };
type Range = { from: Position; to: Position };
type Change = { from: Position; to?: Position; text: string };
type Transaction = { replaceSelection?: string; changes?: Change[]; selection?: { from: Position; to?: Position }; selections?: { from: Position; to?: Position }[] };
type State = { text: string; anchor: number; head: number };
type Step = { before: State; after: State; at: number; typed: boolean };
export type Splice = { from: number; to: number; text: string };

// Obsidian joins what is typed within half a second to one step.
const TYPING_MS = 500;

/** The one stretch in which two texts differ. */
export function difference(before: string, after: string): Splice {
  let from = 0;
  while (from < before.length && from < after.length && before[from] === after[from]) from += 1;
  let tail = 0;
  while (tail < before.length - from && tail < after.length - from && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  return { from, to: before.length - tail, text: after.slice(from, after.length - tail) };
}

export class Editor extends Strict {
  cm: EditorView;
  _done: Step[] = [];
  _undone: Step[] = [];
  _last: State = { text: "", anchor: 0, head: 0 };
  _own = false;
  _onChange: () => void = () => undefined;

  /** `extensions` are those of plugins; they may change later. */
  constructor(parent: HTMLElement, extensions: () => Extension[]) {
    super();
    this.cm = new EditorView({ parent, state: EditorState.create({ extensions: this._extensions(extensions()) }) });
  }

  _extensions(ofPlugins: Extension[]): Extension[] {
    return [
      EditorView.lineWrapping,
      EditorState.allowMultipleSelections.of(true),
      EditorView.contentAttributes.of({ "aria-label": "Note", spellcheck: "false" }),
      EditorView.updateListener.of((update) => this._updated(update)),
      EditorView.domEventHandlers({ keydown: (event) => this._key(event), beforeinput: (event) => this._history(event) }),
      ...ofPlugins,
    ];
  }
  _reconfigure(ofPlugins: Extension[]): void {
    this.cm.dispatch({ effects: StateEffect.reconfigure.of(this._extensions(ofPlugins)) });
  }

  // CodeMirror's commands are a package of their own; these few keys are what a note is tried with.
  _key(event: KeyboardEvent): boolean {
    const held = event.ctrlKey || event.metaKey;
    if (held && event.key.toLowerCase() === "z") event.shiftKey ? this.redo() : this.undo();
    else if (held && event.key.toLowerCase() === "a") this.cm.dispatch({ selection: { anchor: 0, head: this.cm.state.doc.length } });
    else if (event.key === "Enter" && !held && !event.isComposing) this.cm.dispatch(this.cm.state.replaceSelection("\n"), { userEvent: "input.type", scrollIntoView: true });
    else return false;
    event.preventDefault();
    return true;
  }
  _history(event: InputEvent): boolean {
    if (event.inputType !== "historyUndo" && event.inputType !== "historyRedo") return false;
    event.preventDefault();
    event.inputType === "historyUndo" ? this.undo() : this.redo();
    return true;
  }

  _state(): State {
    const { doc, selection } = this.cm.state;
    return { text: doc.toString(), anchor: selection.main.anchor, head: selection.main.head };
  }

  _put(state: State): void {
    const { from, to, text } = difference(this.getValue(), state.text);
    this._own = true;
    try {
      this.cm.dispatch({ ...(from === to && text === "" ? {} : { changes: { from, to, insert: text } }), selection: EditorSelection.single(state.anchor, state.head) });
    } finally {
      this._own = false;
    }
    this._last = this._state();
  }

  /** What came about without us: typing, pasting, or a plugin that speaks to CodeMirror. */
  _updated(update: ViewUpdate): void {
    if (this._own) return;
    if (update.docChanged) this._typed(update.transactions.some((one) => one.isUserEvent("input") || one.isUserEvent("delete")));
    else if (update.selectionSet) this._last = this._state();
  }

  _typed(typed: boolean): void {
    const after = this._state();
    const step = this._done[this._done.length - 1];
    if (typed && step?.typed === true && Date.now() - step.at < TYPING_MS && step.after.text === this._last.text) Object.assign(step, { after, at: Date.now() });
    else this._done.push({ before: this._last, after, at: Date.now(), typed });
    this._undone = [];
    this._last = after;
    // CodeMirror refuses changes while it tells of one.
    queueMicrotask(() => this._onChange());
  }

  _change(after: State): void {
    const before = this._state();
    if (before.text !== after.text) {
      this._done.push({ before, after, at: Date.now(), typed: false });
      this._undone = [];
    }
    this._put(after);
    if (before.text !== after.text) this._onChange();
  }

  /** Another text altogether: a note that was opened. It has no history. */
  _load(text: string): void {
    this._done = [];
    this._undone = [];
    this._put({ text, anchor: 0, head: 0 });
  }

  _splice(splices: Splice[], selection: State | null): void {
    const before = this._state();
    const sorted = [...splices].sort((a, b) => a.from - b.from || a.to - b.to);
    let text = "";
    let at = 0;
    for (const { from, to, text: put } of sorted) {
      if (from < at) throw new Error("Changes of one transaction overlap.");
      text += before.text.slice(at, from) + put;
      at = to;
    }
    text += before.text.slice(at);
    const moved = (offset: number): number => sorted.reduce((sum, { from, to, text: put }) => (offset < from ? sum : offset >= to ? sum + put.length - (to - from) : sum + from + put.length - offset), offset);
    this._change({ text, anchor: moved(before.anchor), head: moved(before.head), ...(selection === null ? {} : { anchor: selection.anchor, head: selection.head }) });
  }

  getDoc(): this {
    return this;
  }
  refresh(): void {}
  getValue(): string {
    return this.cm.state.doc.toString();
  }
  setValue(text: string): void {
    this._change({ text, anchor: 0, head: 0 });
  }
  getLine(line: number): string {
    return this._lines()[line] ?? "";
  }
  setLine(line: number, text: string): void {
    this.replaceRange(text, { line, ch: 0 }, { line, ch: this.getLine(line).length });
  }
  _lines(): string[] {
    return this.getValue().split("\n");
  }
  lineCount(): number {
    return this._lines().length;
  }
  lastLine(): number {
    return this.lineCount() - 1;
  }
  getSelection(): string {
    const { from, to } = this.cm.state.selection.main;
    return this.cm.state.sliceDoc(from, to);
  }
  somethingSelected(): boolean {
    return !this.cm.state.selection.main.empty;
  }
  getRange(from: Position, to: Position): string {
    return this.cm.state.sliceDoc(this.posToOffset(from), this.posToOffset(to));
  }
  // Every selection becomes the text; the main one is what stays.
  replaceSelection(text: string): void {
    const { ranges, main } = this.cm.state.selection;
    const before = ranges.filter((range) => range.to <= main.from && range !== main);
    const end = main.from + text.length + before.reduce((sum, { from, to }) => sum + text.length - (to - from), 0);
    this._splice(ranges.map(({ from, to }) => ({ from, to, text })), { text: "", anchor: end, head: end });
  }
  replaceRange(text: string, from: Position, to: Position = from): void {
    this._splice([{ from: this.posToOffset(from), to: this.posToOffset(to), text }], null);
  }
  getCursor(side: "from" | "to" | "head" | "anchor" = "head"): Position {
    const { anchor, head } = this._state();
    return this.offsetToPos({ from: Math.min(anchor, head), to: Math.max(anchor, head), head, anchor }[side]);
  }
  listSelections(): { anchor: Position; head: Position }[] {
    return this.cm.state.selection.ranges.map(({ anchor, head }) => ({ anchor: this.offsetToPos(anchor), head: this.offsetToPos(head) }));
  }
  setCursor(pos: Position | number, ch = 0): void {
    this.setSelection(typeof pos === "number" ? { line: pos, ch } : pos);
  }
  setSelection(anchor: Position, head: Position = anchor): void {
    this._put({ text: this.getValue(), anchor: this.posToOffset(anchor), head: this.posToOffset(head) });
  }
  // The others are kept until the next change.
  setSelections(ranges: { anchor: Position; head?: Position }[], main = 0): void {
    const all = ranges.map(({ anchor, head }) => EditorSelection.range(this.posToOffset(anchor), this.posToOffset(head ?? anchor)));
    if (all.length > 0) this.cm.dispatch({ selection: EditorSelection.create(all, main) });
  }
  focus(): void {
    this.cm.focus();
  }
  blur(): void {
    this.cm.contentDOM.blur();
  }
  hasFocus(): boolean {
    return this.cm.hasFocus;
  }
  getScrollInfo(): { top: number; left: number } {
    return { top: this.cm.scrollDOM.scrollTop, left: this.cm.scrollDOM.scrollLeft };
  }
  scrollTo(x?: number | null, y?: number | null): void {
    this.cm.scrollDOM.scrollTo({ ...(typeof x === "number" ? { left: x } : {}), ...(typeof y === "number" ? { top: y } : {}) });
  }
  scrollIntoView(range: Range, center = false): void {
    const { from, to } = { from: this.posToOffset(range.from), to: this.posToOffset(range.to) };
    this.cm.dispatch({ effects: EditorView.scrollIntoView(EditorSelection.range(from, to), { y: center ? "center" : "nearest" }) });
  }
  undo(): void {
    const step = this._done.pop();
    if (step === undefined) return;
    this._undone.push(step);
    this._put(step.before);
    this._onChange();
  }
  redo(): void {
    const step = this._undone.pop();
    if (step === undefined) return;
    this._done.push(step);
    this._put(step.after);
    this._onChange();
  }
  exec(command: string): void {
    throw new Error(`The stand-in's editor does not run "${command}".`);
  }
  transaction(tx: Transaction): void {
    const splices = (tx.changes ?? []).map(({ from, to, text }) => ({ from: this.posToOffset(from), to: this.posToOffset(to ?? from), text }));
    const { from, to } = this.cm.state.selection.main;
    if (tx.replaceSelection !== undefined) splices.push({ from, to, text: tx.replaceSelection });
    if (splices.length > 0) this._splice(splices, null);
    // The selection is told in places of the text as it is after the changes.
    const selection = tx.selection ?? tx.selections?.[0];
    const step = this._done[this._done.length - 1];
    if (selection !== undefined) this.setSelection(selection.from, selection.to ?? selection.from);
    if (step !== undefined && splices.length > 0) step.after = this._state();
  }
  wordAt(pos: Position): Range | null {
    const line = this.getLine(pos.line);
    for (const word of line.matchAll(/[\p{L}\p{N}_]+/gu)) {
      const end = word.index + word[0].length;
      if (word.index <= pos.ch && pos.ch <= end) return { from: { line: pos.line, ch: word.index }, to: { line: pos.line, ch: end } };
    }
    return null;
  }
  posToOffset(pos: Position): number {
    const lines = this._lines();
    const line = Math.min(Math.max(pos.line, 0), lines.length - 1);
    const before = lines.slice(0, line).reduce((sum, text) => sum + text.length + 1, 0);
    return before + (pos.line > line ? (lines[line] ?? "").length : Math.min(Math.max(pos.ch, 0), (lines[line] ?? "").length));
  }
  offsetToPos(offset: number): Position {
    const before = this.getValue().slice(0, Math.max(0, offset)).split("\n");
    return { line: before.length - 1, ch: (before[before.length - 1] ?? "").length };
  }
  processLines<T>(read: (line: number, text: string) => T | null, write: (line: number, text: string, value: T | null) => Change | void, ignoreEmpty = true): void {
    const lines = this._lines().map((text, line) => ({ line, text })).filter(({ text }) => !ignoreEmpty || text.trim() !== "");
    const values = lines.map(({ line, text }) => read(line, text));
    const changes = lines.map(({ line, text }, at) => write(line, text, values[at] ?? null)).filter((change): change is Change => change !== undefined);
    this.transaction({ changes });
  }
}
