/** A panel between the lines of an editor, below the passage that it belongs to. The editor itself moves both along
 * while the note is edited, and the text of the note stays as it is: nothing of this is in its history. */
import { StateEffect, StateField, type EditorState, type Extension, type Range } from "@codemirror/state";
import { Decoration, EditorView, WidgetType, type DecorationSet } from "@codemirror/view";
import type { Span } from "../core/text_commands/passage";

interface Shown {
  readonly element: HTMLElement;
  readonly span: Span;
  /** Where the panel stands: the end of a line on the screen. */
  readonly below: number;
}

const show = StateEffect.define<Shown>();
const hide = StateEffect.define<HTMLElement>();

class PanelWidget extends WidgetType {
  constructor(readonly element: HTMLElement) {
    super();
  }
  override eq(other: PanelWidget): boolean {
    return other.element === this.element;
  }
  toDOM(): HTMLElement {
    return this.element;
  }
  // Keys and clicks in the panel are the panel's own.
  override ignoreEvent(): boolean {
    return true;
  }
}

const panels = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update: (before, transaction) => {
    let now = before.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (effect.is(hide)) now = without(now, effect.value);
      if (effect.is(show)) now = without(now, effect.value.element).update({ add: decorations(transaction.state, effect.value), sort: true });
    }
    return now;
  },
  provide: (field) => EditorView.decorations.from(field),
});

function without(set: DecorationSet, element: HTMLElement): DecorationSet {
  return set.update({ filter: (_from, _to, value) => elementOf(value) !== element });
}

function decorations(state: EditorState, { element, span, below }: Shown): Range<Decoration>[] {
  const from = Math.min(span.from, state.doc.length);
  const to = Math.min(Math.max(from, span.to), state.doc.length);
  const panel = Decoration.widget({ widget: new PanelWidget(element), block: true, side: 1, element }).range(below);
  return from < to ? [Decoration.mark({ class: "sidecar-draft-passage", element }).range(from, to), panel] : [panel];
}

function elementOf(value: Decoration): unknown {
  return (value.spec as { element?: unknown }).element;
}

export const inlinePanels: Extension = panels;

/** Show the element below the span; showing it again moves it. */
export function showInline(view: EditorView, element: HTMLElement, span: Span): void {
  // What stands within a fold, or in a table that is drawn as one, is not drawn: the line as it is on the screen ends behind it.
  const { to: below } = view.lineBlockAt(Math.min(span.to, view.state.doc.length));
  view.dispatch({ effects: show.of({ element, span, below }) });
}

export function hideInline(view: EditorView, element: HTMLElement): void {
  view.dispatch({ effects: hide.of(element) });
}

/** Whether the editor's text has the panel, in view or not. It loses it when it shows another note. */
export function hasInline(view: EditorView, element: HTMLElement): boolean {
  let found = false;
  view.state.field(panels, false)?.between(0, view.state.doc.length, (_from, _to, value) => {
    if (elementOf(value) === element) found = true;
  });
  return found;
}
