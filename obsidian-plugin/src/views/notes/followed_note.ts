/** Which note a side view follows: the one that is open, or one that is pinned. A view that nobody sees follows none. */
import type { Component } from "obsidian";
import type { Context } from "../../context";

// Several events tell of one change.
const SETTLE_MS = 60;

export class FollowedNote {
  pinned: string | null = null;
  /** The note that was told of last. */
  path: string | null = null;
  private anew = false;
  private cancel: () => void = () => {};

  constructor(
    private readonly context: Pick<Context, "app" | "clock" | "inUse">,
    private readonly isSeen: () => boolean,
    private readonly told: (path: string | null) => void,
  ) {}

  /** Hear of other notes that are opened, and of what becomes of this one, as long as the owner lives. */
  listen(owner: Component): void {
    const { workspace, vault } = this.context.app;
    owner.registerEvent(workspace.on("file-open", () => this.look()));
    owner.registerEvent(workspace.on("active-leaf-change", () => this.look()));
    owner.registerEvent(workspace.on("layout-change", () => this.look()));
    owner.registerEvent(vault.on("rename", (file, before) => this.moved(before, file.path)));
    owner.registerEvent(vault.on("delete", (file) => this.moved(file.path, null)));
    owner.register(() => this.cancel());
  }

  pin(path: string | null): void {
    this.pinned = path;
    this.context.app.workspace.requestSaveLayout();
    this.look({ anew: true });
  }

  /** Look soon which note it is. `anew` tells of it even when it is the same. */
  look({ anew = false }: { anew?: boolean } = {}): void {
    this.anew ||= anew;
    this.cancel();
    this.cancel = this.context.clock.after(SETTLE_MS, () => {
      if (!this.isSeen()) return;
      const path = this.pinned ?? this.context.inUse.file?.path ?? null;
      if (path === this.path && !this.anew) return;
      this.anew = false;
      this.path = path;
      this.told(path);
    });
  }

  private moved(before: string, path: string | null): void {
    if (this.pinned === before) this.pinned = path;
    if (this.path === before) this.look({ anew: true });
  }
}
