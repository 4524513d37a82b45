/** Keys: which scope hears them, and which modifiers were held. */
import { Strict } from "./strict";

export type Modifier = "Mod" | "Ctrl" | "Meta" | "Shift" | "Alt";
type Listener = (event: KeyboardEvent, context: { modifiers: string; key: string; vkey: string }) => unknown;
type Handler = { scope: Scope; modifiers: string | null; key: string | null; func: Listener };

const onMac = (): boolean => navigator.platform.startsWith("Mac");

function heldBy(event: MouseEvent | KeyboardEvent | TouchEvent): string {
  return [event.altKey && "Alt", event.ctrlKey && "Ctrl", event.metaKey && "Meta", event.shiftKey && "Shift"].filter(Boolean).join(",");
}

function compiled(modifiers: Modifier[] | null): string | null {
  if (modifiers === null) return null;
  return [...new Set(modifiers.map((name) => (name === "Mod" ? (onMac() ? "Meta" : "Ctrl") : name)))].sort().join(",");
}

export class Scope extends Strict {
  _handlers: Handler[] = [];
  constructor(readonly _parent: Scope | null = null) {
    super();
  }
  register(modifiers: Modifier[] | null, key: string | null, func: Listener): Handler {
    const handler = { scope: this, modifiers: compiled(modifiers), key, func };
    this._handlers.push(handler);
    return handler;
  }
  unregister(handler: Handler): void {
    this._handlers = this._handlers.filter((known) => known !== handler);
  }
  _handle(event: KeyboardEvent): boolean {
    const held = heldBy(event);
    for (const handler of [...this._handlers]) {
      const fits = (handler.modifiers === null || handler.modifiers === held) && (handler.key === null || handler.key.toLowerCase() === event.key.toLowerCase());
      if (!fits) continue;
      const answer = handler.func(event, { modifiers: held, key: event.key, vkey: event.key });
      if (answer === false) event.preventDefault();
      if (answer === false || handler.key !== null) return true;
    }
    return this._parent?._handle(event) ?? false;
  }
}

export class Keymap extends Strict {
  _scopes: Scope[] = [];
  /** The scope of the active view, which hears keys before the app and after windows that are open. */
  _viewScope: () => Scope | null = () => null;
  constructor(readonly _root: Scope) {
    super();
    window.addEventListener("keydown", (event) => this._hear(event), { capture: true });
  }
  _hear(event: KeyboardEvent): void {
    this._top()._handle(event);
  }
  _top(): Scope {
    return this._scopes[this._scopes.length - 1] ?? this._viewScope() ?? this._root;
  }
  pushScope(scope: Scope): void {
    this._scopes.push(scope);
  }
  popScope(scope: Scope): void {
    this._scopes = this._scopes.filter((known) => known !== scope);
  }
  static isModifier(event: MouseEvent | KeyboardEvent | TouchEvent, modifier: Modifier): boolean {
    return { Mod: onMac() ? event.metaKey : event.ctrlKey, Ctrl: event.ctrlKey, Meta: event.metaKey, Shift: event.shiftKey, Alt: event.altKey }[modifier];
  }
  static isModEvent(event?: MouseEvent | KeyboardEvent | TouchEvent | null): "tab" | "split" | "window" | boolean {
    if (!event) return false;
    if (event.instanceOf(MouseEvent) && (event as MouseEvent).button === 1) return "tab";
    if (!Keymap.isModifier(event, "Mod")) return false;
    if (!event.altKey) return "tab";
    return event.shiftKey ? "window" : "split";
  }
}
