/** Sidecar's settings file, `config.toml`, for the one line in it that tells where the server's data lies. */
import { absolute, APP, inside, type Machine } from "./datafolder";

// Above the first table, where the line stands. A text over several lines may be misread: the server in a folder has to prove its key anyway.
const TABLE = /^[ \t]*\[/m;
const LINE = /^[ \t]*(?:data_dir|"data_dir"|'data_dir')[ \t]*=[ \t]*(?:"((?:[^"\\\r\n]|\\.)*)"|'([^'\r\n]*)')[ \t]*(?:#.*)?\r?$/m;
const ESCAPE = /\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/g;
const SIGNS: Readonly<Record<string, string>> = { b: "\b", t: "\t", n: "\n", f: "\f", r: "\r", '"': '"', "\\": "\\" };
const LAST_CODE_POINT = 0x10ffff;

/** The files that may be it, the likeliest first, as platformdirs names them for the server. */
export function settingsFiles(machine: Machine): readonly string[] {
  const { platform, home, environ } = machine;
  const named = environ["SIDECAR_CONFIG"];
  // What does not begin at the root is meant from where the server was started, which is not known here.
  if (named) return [absolute(named, machine)].filter((file) => file !== null);
  const set = environ["XDG_CONFIG_HOME"] ?? "";
  const usual = platform === "darwin" ? ["Library", "Application Support"] : [".config"];
  const folders = platform === "win32" ? [environ["LOCALAPPDATA"] || [home, "AppData", "Local"].reduce(inside)] : [set.startsWith("/") ? set : null, [home, ...usual].reduce(inside)];
  return [...new Set(folders.filter((folder) => folder !== null).map((folder) => inside(inside(folder, APP), "config.toml")))];
}

/** The folder that `data_dir` names; `null` where the text names none that can be found from here. */
export function namedDataFolder(toml: string, machine: Machine): string | null {
  const table = toml.search(TABLE);
  const found = LINE.exec(table < 0 ? toml : toml.slice(0, table));
  const written = found?.[2] ?? unescaped(found?.[1]);
  return absolute(written ?? undefined, machine);
}

function unescaped(text: string | undefined): string | null {
  if (text === undefined) return null;
  let valid = true;
  const plain = text.replace(ESCAPE, (_, short: string | undefined, long: string | undefined, sign: string | undefined) => {
    const code = parseInt(short ?? long ?? "", 16);
    const character = sign === undefined ? (code <= LAST_CODE_POINT ? String.fromCodePoint(code) : undefined) : SIGNS[sign];
    valid &&= character !== undefined;
    return character ?? "";
  });
  return valid ? plain : null;
}
