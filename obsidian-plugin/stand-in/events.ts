/** Events and the lifetime of components. */
import { Strict } from "./strict";

type Callback = (...data: never[]) => unknown;

/** A subscription, as Obsidian's opaque EventRef. */
export class Ref {
  constructor(
    readonly events: Events,
    readonly name: string,
    readonly callback: Callback,
    readonly context: unknown,
  ) {}
}

export class Events extends Strict {
  _refs: Ref[] = [];

  on(name: string, callback: Callback, context?: unknown): Ref {
    const ref = new Ref(this, name, callback, context);
    this._refs.push(ref);
    return ref;
  }

  off(name: string, callback: Callback): void {
    this._refs = this._refs.filter((ref) => ref.name !== name || ref.callback !== callback);
  }

  offref(ref: Ref): void {
    this._refs = this._refs.filter((known) => known !== ref);
  }

  trigger(name: string, ...data: unknown[]): void {
    for (const ref of [...this._refs]) if (ref.name === name) this.tryTrigger(ref, data);
  }

  // One listener's failure does not keep the others from hearing; it surfaces as an uncaught error.
  tryTrigger(ref: Ref, data: unknown[]): void {
    try {
      ref.callback.apply(ref.context, data as never[]);
    } catch (error) {
      window.setTimeout(() => {
        throw error;
      });
    }
  }
}

export class Component extends Strict {
  _loaded = false;
  _events: (() => unknown)[] = [];
  _children: Component[] = [];

  load(): unknown {
    if (this._loaded) return undefined;
    this._loaded = true;
    const loading = this.onload();
    for (const child of [...this._children]) child.load();
    return loading;
  }

  onload(): unknown {
    return undefined;
  }

  unload(): void {
    if (!this._loaded) return;
    this._loaded = false;
    for (const child of [...this._children].reverse()) this.removeChild(child);
    while (this._events.length > 0) this._events.pop()?.();
    this.onunload();
  }

  onunload(): void {}

  addChild<T extends Component>(child: T): T {
    this._children.push(child);
    if (this._loaded) child.load();
    return child;
  }

  removeChild<T extends Component>(child: T): T {
    const at = this._children.indexOf(child);
    if (at >= 0) {
      this._children.splice(at, 1);
      child.unload();
    }
    return child;
  }

  register(undo: () => unknown): void {
    this._events.push(undo);
  }

  registerEvent(ref: unknown): void {
    const one = ref as Ref;
    this.register(() => one.events.offref(one));
  }

  registerDomEvent(target: EventTarget, type: string, callback: (event: never) => unknown, options?: boolean | AddEventListenerOptions): void {
    target.addEventListener(type, callback as EventListener, options);
    this.register(() => target.removeEventListener(type, callback as EventListener, options));
  }

  registerInterval(id: number): number {
    this.register(() => window.clearInterval(id));
    return id;
  }
}
