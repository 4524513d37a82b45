/** The programs that can be set up, in groups: what is installed in this vault first. */
import type { ClientCall } from "../protocol/client_calls";
import { KEY_PLACE, type ClientSettings } from "../protocol/clients";

export type GroupName = "installed" | "plugins" | "apps" | "commands" | "libraries";

export interface Offer {
  /** `""` is any program that speaks OpenAI's API. */
  readonly id: string;
  readonly settings: ClientSettings;
  /** Installed, but switched off. */
  readonly off: boolean;
}

export interface Group {
  readonly name: GroupName;
  readonly offers: readonly Offer[];
}

const KINDS: Readonly<Record<string, GroupName>> = { "Obsidian plugin": "plugins", app: "apps", "command line": "commands", library: "libraries" };
const ORDER: readonly GroupName[] = ["installed", "plugins", "apps", "commands", "libraries"];

/** `installed` says by a plugin's id whether it is switched on. Groups without any are left out. */
export function groupsOf(all: readonly ClientSettings[], installed: ReadonlyMap<string, boolean | null>): readonly Group[] {
  const offers = all.filter((settings) => settings.name !== null).map((settings) => ({ group: groupOf(settings, installed), offer: offerOf(settings, installed) }));
  const groups = ORDER.map((name) => ({ name, offers: offers.filter((each) => each.group === name).map((each) => each.offer) }));
  return groups.filter((group) => group.offers.length > 0);
}

/** What any program wants; `null` where the server does not say. */
export function anyProgram(all: readonly ClientSettings[]): Offer | null {
  const settings = all.find((each) => each.name === null);
  return settings === undefined ? null : { id: "", settings, off: false };
}

/** Everything there is to enter, as text; the key's place stays a place. */
export function allToCopy(settings: ClientSettings, labelOf: (label: string) => string = (label) => label): string {
  const lines = settings.settings.map(({ label, value }) => `${labelOf(label)}: ${value}`).join("\n");
  return `${[...(lines === "" ? [] : [lines]), ...settings.snippets.map((snippet) => snippet.text)].join("\n\n")}\n`;
}

/** The requests to test a program with: its own, or for any program what most of them send. */
export function callsOf(settings: ClientSettings): readonly ClientCall[] {
  if (settings.calls !== undefined) return settings.calls;
  const value = (label: string): string | null => settings.settings.find((each) => each.label === label)?.value ?? null;
  const base = value("base_url");
  if (settings.name !== null || base === null) return [];
  const [chat, embedding] = [value("chat_model"), value("embedding_model")];
  const chats = chat === null ? [] : [call("streams an answer", `${base}/chat/completions`, "stream", { model: chat, stream: true, messages: [{ role: "user", content: "Hello" }] })];
  const embeds = embedding === null ? [] : [call("embeds two texts", `${base}/embeddings`, "vectors", { model: embedding, input: ["One.", "Two."] })];
  return [{ ...call("lists the models", `${base}/models`, "models", null), method: "GET", model: chat }, ...chats, ...embeds];
}

function call(does: string, url: string, reads: string, body: unknown): ClientCall {
  const type: Record<string, string> = body === null ? {} : { "content-type": "application/json" };
  const headers = { authorization: `Bearer ${KEY_PLACE}`, ...type };
  return { does, method: "POST", url, headers, body, reads, model: null, page: true, keyless: false, writes: false, within: null };
}

function groupOf({ plugin, kind }: ClientSettings, installed: ReadonlyMap<string, unknown>): GroupName {
  if (plugin !== undefined && plugin !== null && installed.has(plugin)) return "installed";
  return KINDS[kind ?? ""] ?? "apps";
}

function offerOf(settings: ClientSettings, installed: ReadonlyMap<string, boolean | null>): Offer {
  return { id: settings.id ?? settings.name ?? "", settings, off: installed.get(settings.plugin ?? "") === false };
}
