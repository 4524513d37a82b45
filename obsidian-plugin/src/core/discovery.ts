/** Finds the server: by the `runtime.json` that it writes, or by what the user has set. */
import { dataFolders, inside, type Machine } from "./datafolder";
import { Problem } from "./problem";
import { fields, nullable, text } from "./protocol/shape";
import { namedDataFolder, settingsFiles } from "./settings_file";
import { baseUrl, type Trust } from "./web_address";

/** A server to ask, and the key to ask it with; `null` where it asks for none. */
export interface Address {
  readonly url: string;
  readonly key: string | null;
  readonly trust: Trust;
  readonly from: "folder" | "settings";
}

/** Reads small text files; `null` where there is none, or none that can be read. */
export interface FileReader {
  read(path: string): Promise<string | null>;
}

const runtimeFacts = fields({ url: text, token_file: nullable(text) });
const KEY = /^[!-~]{8,512}$/;

/** The folders where a server of this machine may have written, the likeliest first. */
export async function foldersHere(machine: Machine, reader: FileReader): Promise<readonly string[]> {
  for (const file of settingsFiles(machine)) {
    const settings = await reader.read(file);
    if (settings !== null) return dataFolders(machine, namedDataFolder(settings, machine));
  }
  return dataFolders(machine);
}

/** The server that wrote into the first of these folders; `null` when none runs. It may have ended since. Throws Problem `key`, `shape`. */
export async function inFolders(folders: readonly string[], reader: FileReader, trust: Trust = "https"): Promise<Address | null> {
  for (const folder of folders) {
    const written = await reader.read(inside(folder, "runtime.json"));
    const facts = written === null ? null : parsed(written);
    if (facts === null) continue;
    return { url: baseUrl(facts.url), key: facts.token_file === null ? null : await keyIn(folder, reader), trust, from: "folder" };
  }
  return null;
}

/** What the user has set. Throws Problem `host` for what is no address. */
export function fromSettings(url: string, key: string | null, trust: Trust): Address {
  const typed = key?.trim() ?? "";
  return { url: baseUrl(url), key: KEY.test(typed) ? typed : null, trust, from: "settings" };
}

async function keyIn(folder: string, reader: FileReader): Promise<string> {
  // Always the folder's own: a runtime.json that somebody else put there could name any file, to have it sent as a key.
  const key = (await reader.read(inside(folder, "token")))?.trim() ?? "";
  if (!KEY.test(key)) throw new Problem("key", "", { code: "no_token_file" });
  return key;
}

function parsed(written: string): { url: string; token_file: string | null } | null {
  try {
    return runtimeFacts(JSON.parse(written), "runtime.json");
  } catch {
    // Written whole or not at all; what is no JSON is of another program.
    return null;
  }
}
