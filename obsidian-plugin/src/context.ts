/** What views and commands are given in place of the plugin: no more than they use. */
import type { App } from "obsidian";
import type { Clock } from "./core/clock";
import type { Connection } from "./core/connection";
import type { Texts } from "./core/texts/texts";
import type { Settings, SettingsChange } from "./settings/settings";
import type { NoteInUse } from "./views/note_in_use";

export interface Context {
  readonly app: App;
  readonly texts: Texts;
  readonly connection: Connection;
  readonly clock: Clock;
  readonly inUse: NoteInUse;
  /** The settings as they are now; they may be others the next time. */
  readonly settings: () => Settings;
  /** Change some settings and keep them: `saveSettings({ ask: { model: "vault" } })`. */
  readonly saveSettings: (change: SettingsChange) => Promise<void>;
  /** Hear of every change of the settings, also of one that a sync brought. Give the result to `register`. */
  readonly listenSettings: (changed: (settings: Settings) => void) => () => void;
  /** Run this when the plugin is unloaded. */
  readonly register: (cleanup: () => void) => void;
  /** Run this when vault and panes are there; not at all where the plugin is unloaded before. */
  readonly whenReady: (run: () => void) => void;
}
