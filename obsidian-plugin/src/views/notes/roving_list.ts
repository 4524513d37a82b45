/** A list through which the arrow keys go: one of its entries can be reached with Tab, the one that was last there. */

export class RovingList {
  private current = 0;

  constructor(
    private readonly list: HTMLElement,
    /** What the entries match. */
    private readonly selector: string,
  ) {
    list.addEventListener("keydown", (event) => this.key(event));
    list.addEventListener("focusin", (event) => this.reached(event.target));
  }

  /** Call it when the entries are others. */
  renew(at = this.current): void {
    const entries = this.entries();
    this.current = Math.max(0, Math.min(at, entries.length - 1));
    entries.forEach((entry, place) => (entry.tabIndex = place === this.current ? 0 : -1));
  }

  focus(at: number): void {
    this.renew(at);
    this.entries()[this.current]?.focus();
  }

  /** The place of the entry that has the focus; -1 when none has. */
  focused(): number {
    return this.entries().findIndex((entry) => entry === entry.doc.activeElement);
  }

  private entries(): HTMLElement[] {
    return Array.from(this.list.querySelectorAll<HTMLElement>(this.selector));
  }

  private reached(target: EventTarget | null): void {
    const place = this.entries().findIndex((entry) => entry === target);
    if (place >= 0) this.renew(place);
  }

  private key(event: KeyboardEvent): void {
    const steps: Record<string, number> = { ArrowDown: this.current + 1, ArrowUp: this.current - 1, Home: 0, End: Infinity };
    const to = steps[event.key];
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey || this.focused() < 0) return;
    event.preventDefault();
    this.focus(to);
  }
}
