/** The settings' values: what each may be, what it is when nobody chose, and how a kept file is read. Knows no window. */
import { flag, folder, number, oneOf, orNull, pairs, section, text, type SectionOf } from "./reading";

const NOTES = ["auto", "always", "never"] as const;
/** When the notes are looked into: where they help, always, or never. */
export type NotesMode = (typeof NOTES)[number];

/** Where a server listens on this machine when nobody chose otherwise. */
export const USUAL_URL = "http://127.0.0.1:8484";

const readers = {
  /** The form of the file. A greater one is of a newer version, whose further keys are kept. */
  version: () => 1 as const,
  connection: section({
    mode: oneOf(["automatic", "manual"], "automatic"),
    url: text(USUAL_URL),
    /** Whether the key may go over plain http to another machine. */
    trustPlain: flag(false),
    /** The server's name of the vault that is open here; empty where it's known by its folder or name. */
    vault: text(""),
  }),
  ask: section({
    /** `null`: the server's own choice. */
    model: orNull(text("")),
    notes: oneOf(NOTES, "auto"),
    folder: folder("Conversations"),
    openOnStart: flag(false),
  }),
  related: section({
    limit: number(12, { least: 1, most: 50, whole: true }),
    minimumScore: number(0, { least: 0, most: 1 }),
  }),
  prompts: section({
    folder: folder("Prompts"),
    /** Prompts whose notes were renamed, each with the id of its command. */
    renamed: pairs(),
  }),
  text: section({
    notes: oneOf(NOTES, "never"),
    /** A language by its name; empty: the one that Obsidian speaks. */
    translateTo: text(""),
    /** Whether what will change is shown before a note changes. */
    confirm: flag(true),
  }),
};

const readAll = section(readers);
export type Settings = SectionOf<typeof readers>;
type Sections = Omit<Settings, "version">;
/** What is to be different: sections with some of their values. */
export type SettingsChange = { readonly [S in keyof Sections]?: Partial<Sections[S]> };

/** Read what was kept. A value that cannot be used counts as not chosen, whatever it is; nothing is ever thrown. */
export function readSettings(kept: unknown): Settings {
  return readAll(kept);
}

export const DEFAULTS: Settings = readSettings(null);

/** The mode that a list's value stands for. */
export function oneOfNotes(value: string): NotesMode {
  return oneOf(NOTES, "auto")(value);
}

/** The settings with a change in them. */
export function changed(settings: Settings, change: SettingsChange): Settings {
  return readSettings(merged(settings, change));
}

/** What to keep: the settings, and beside them the keys of the old file that this version does not know. */
export function keptBeside(old: unknown, settings: Settings): Readonly<Record<string, unknown>> {
  const version = Math.max(settings.version, versionOf(old));
  return { ...merged(old, settings), version };
}

function versionOf(kept: unknown): number {
  const version = isRecord(kept) ? kept["version"] : null;
  return typeof version === "number" && Number.isSafeInteger(version) ? version : 0;
}

function merged(under: unknown, over: object): Record<string, unknown> {
  const result: Record<string, unknown> = isRecord(under) ? { ...under } : {};
  for (const [name, value] of Object.entries(over) as [string, unknown][]) {
    if (value !== undefined) result[name] = isRecord(value) ? merged(result[name], value) : value;
  }
  return result;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
