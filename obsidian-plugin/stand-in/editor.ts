/** The editor of a note on a textarea: positions, changes, and a history in which one transaction is one step. */
import { Strict } from "./strict";

export type Position = { line: number; ch: number };
type Range = { from: Position; to: Position };
type Change = { from: Position; to?: Position; text: string };
type Transaction = { replaceSelection?: string; changes?: Change[]; selection?: { from: Position; to?: Position }; selections?: { from: Position; to?: Position }[] };
type State = { text: string; anchor: number; head: number };
type Step = { before: State; after: State; at: number; typed: boolean };
type Splice = { from: number; to: number; text: string };

// Obsidian joins what is typed within half a second to one step.
const TYPING_MS = 500;

export class Editor extends Strict {
  _done: Step[] = [];
  _undone: Step[] = [];
  _last: State = { text: "", anchor: 0, head: 0 };
  _onChange: () => void = () => undefined;

  constructor(readonly _area: HTMLTextAreaElement) {
    super();
    _area.addEventListener("input", () => this._typed());
    _area.addEventListener("beforeinput", (event) => {
      if (event.inputType !== "historyUndo" && event.inputType !== "historyRedo") return;
      event.preventDefault();
      event.inputType === "historyUndo" ? this.undo() : this.redo();
    });
    _area.addEventListener("keydown", (event) => this._key(event));
    _area.addEventListener("select", () => void (this._last = this._state()));
  }

  _key(event: KeyboardEvent): void {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
    event.preventDefault();
    event.shiftKey ? this.redo() : this.undo();
  }

  _state(): State {
    const { selectionStart, selectionEnd, selectionDirection, value } = this._area;
    return selectionDirection === "backward" ? { text: value, anchor: selectionEnd, head: selectionStart } : { text: value, anchor: selectionStart, head: selectionEnd };
  }

  _put(state: State): void {
    if (this._area.value !== state.text) this._area.value = state.text;
    this._area.setSelectionRange(Math.min(state.anchor, state.head), Math.max(state.anchor, state.head), state.head < state.anchor ? "backward" : "forward");
    this._last = this._state();
  }

  _typed(): void {
    const after = this._state();
    const step = this._done[this._done.length - 1];
    if (after.text === this._last.text) return;
    if (step?.typed === true && Date.now() - step.at < TYPING_MS && step.after.text === this._last.text) Object.assign(step, { after, at: Date.now() });
    else this._done.push({ before: this._last, after, at: Date.now(), typed: true });
    this._undone = [];
    this._last = after;
    this._onChange();
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
    return this._area.value;
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
    return this._area.value.split("\n");
  }
  lineCount(): number {
    return this._lines().length;
  }
  lastLine(): number {
    return this.lineCount() - 1;
  }
  getSelection(): string {
    return this._area.value.slice(this._area.selectionStart, this._area.selectionEnd);
  }
  somethingSelected(): boolean {
    return this._area.selectionStart !== this._area.selectionEnd;
  }
  getRange(from: Position, to: Position): string {
    return this._area.value.slice(this.posToOffset(from), this.posToOffset(to));
  }
  replaceSelection(text: string): void {
    const { selectionStart: from, selectionEnd: to } = this._area;
    this._splice([{ from, to, text }], { text: "", anchor: from + text.length, head: from + text.length });
  }
  replaceRange(text: string, from: Position, to: Position = from): void {
    this._splice([{ from: this.posToOffset(from), to: this.posToOffset(to), text }], null);
  }
  getCursor(side: "from" | "to" | "head" | "anchor" = "head"): Position {
    const { anchor, head } = this._state();
    return this.offsetToPos({ from: Math.min(anchor, head), to: Math.max(anchor, head), head, anchor }[side]);
  }
  listSelections(): { anchor: Position; head: Position }[] {
    return [{ anchor: this.getCursor("anchor"), head: this.getCursor("head") }];
  }
  setCursor(pos: Position | number, ch = 0): void {
    this.setSelection(typeof pos === "number" ? { line: pos, ch } : pos);
  }
  setSelection(anchor: Position, head: Position = anchor): void {
    this._put({ text: this._area.value, anchor: this.posToOffset(anchor), head: this.posToOffset(head) });
  }
  // A textarea holds one selection: the main one.
  setSelections(ranges: { anchor: Position; head?: Position }[], main = 0): void {
    const range = ranges[main];
    if (range !== undefined) this.setSelection(range.anchor, range.head ?? range.anchor);
  }
  focus(): void {
    this._area.focus();
  }
  blur(): void {
    this._area.blur();
  }
  hasFocus(): boolean {
    return document.activeElement === this._area;
  }
  getScrollInfo(): { top: number; left: number } {
    return { top: this._area.scrollTop, left: this._area.scrollLeft };
  }
  scrollTo(x?: number | null, y?: number | null): void {
    this._area.scrollTo({ ...(typeof x === "number" ? { left: x } : {}), ...(typeof y === "number" ? { top: y } : {}) });
  }
  // Lines that wrap make this a guess, as a textarea does not tell where a line is.
  scrollIntoView(range: Range, center = false): void {
    const { scrollHeight, clientHeight } = this._area;
    const top = (range.from.line / Math.max(1, this.lineCount())) * scrollHeight;
    this._area.scrollTop = Math.max(0, top - (center ? clientHeight / 2 : 40));
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
    if (tx.replaceSelection !== undefined) splices.push({ from: this._area.selectionStart, to: this._area.selectionEnd, text: tx.replaceSelection });
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
    const before = this._area.value.slice(0, Math.max(0, offset)).split("\n");
    return { line: before.length - 1, ch: (before[before.length - 1] ?? "").length };
  }
  processLines<T>(read: (line: number, text: string) => T | null, write: (line: number, text: string, value: T | null) => Change | void, ignoreEmpty = true): void {
    const lines = this._lines().map((text, line) => ({ line, text })).filter(({ text }) => !ignoreEmpty || text.trim() !== "");
    const values = lines.map(({ line, text }) => read(line, text));
    const changes = lines.map(({ line, text }, at) => write(line, text, values[at] ?? null)).filter((change): change is Change => change !== undefined);
    this.transaction({ changes });
  }
}
