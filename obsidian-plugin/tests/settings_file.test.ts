import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import * as files from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import type { Machine } from "../src/core/datafolder";
import { foldersHere, type FileReader } from "../src/core/discovery";
import { namedDataFolder, settingsFiles } from "../src/core/settings_file";
import { readSmall } from "../src/platform/small_file";
import { demoIn } from "./serving";

const machine = (platform: Machine["platform"], home: string, environ: Machine["environ"] = {}): Machine => ({ platform, home, environ });
const ana = machine("linux", "/home/ana");
const windows = machine("win32", "C:\\Users\\ana");
const USUAL = "/home/ana/.local/share/sidecar";

describe("the settings file lies", () => {
  test.each<[string, Machine, string[]]>([
    ["Linux", ana, ["/home/ana/.config/sidecar/config.toml"]],
    ["Linux with XDG_CONFIG_HOME", machine("linux", "/h", { XDG_CONFIG_HOME: "/c" }), ["/c/sidecar/config.toml", "/h/.config/sidecar/config.toml"]],
    ["Linux with a relative XDG_CONFIG_HOME", machine("linux", "/h", { XDG_CONFIG_HOME: "c" }), ["/h/.config/sidecar/config.toml"]],
    ["macOS", machine("darwin", "/Users/ana"), ["/Users/ana/Library/Application Support/sidecar/config.toml"]],
    ["Windows", machine("win32", "C:\\Users\\ana", { LOCALAPPDATA: "D:\\Local" }), ["D:\\Local\\sidecar\\config.toml"]],
    ["Windows without LOCALAPPDATA", windows, ["C:\\Users\\ana\\AppData\\Local\\sidecar\\config.toml"]],
    ["SIDECAR_CONFIG", machine("linux", "/h", { SIDECAR_CONFIG: "/etc/own.toml" }), ["/etc/own.toml"]],
    ["a relative SIDECAR_CONFIG on Windows", machine("win32", "C:\\U", { SIDECAR_CONFIG: "own.toml" }), []],
    ["a relative SIDECAR_CONFIG", machine("linux", "/h", { SIDECAR_CONFIG: "own.toml" }), []],
  ])("on %s", (_, given, found) => expect(settingsFiles(given)).toEqual(found));
});

describe("the data folder is read from", () => {
  test.each<[string, string, string | null]>([
    ["a line of its own", 'port = 1\ndata_dir = "/data/sc"\n', "/data/sc"],
    ["a home", 'data_dir = "~/sc"', "/home/ana/sc"],
    ["single quotes, where a backslash is itself", "data_dir = '/a\\b' # mine", "/a\\b"],
    ["escapes", 'data_dir = "/a \\"b\\" \\u00e9\\U0001F98A\\\\"', '/a "b" é🦊\\'],
    ["a quoted key, and lines of Windows", 'port = 1\r\n"data_dir" = "/d"\r\n[upstreams.x]\r\n', "/d"],
    ["the file's top, not a table", '[other]\ndata_dir = "/d"', null],
    ["no comment", '# data_dir = "/d"', null],
    ["no other name", 'my_data_dir = "/d"', null],
    ["nothing that is unfinished", 'data_dir = "/d', null],
    ["nothing with an escape that TOML has not", 'data_dir = "/d\\q"', null],
    ["no character that there is not", 'data_dir = "/d\\UFFFFFFFF"', null],
    ["no folder meant from where the server was started", 'data_dir = "sc"', null],
    ["no number", "data_dir = 7", null],
    ["an empty file", "", null],
  ])("%s", (_, toml, folder) => expect(namedDataFolder(toml, ana)).toBe(folder));

  test("a path of Windows, in both ways of writing it", () => {
    expect(namedDataFolder('data_dir = "E:\\\\My data"', windows)).toBe("E:\\My data");
    expect(namedDataFolder("data_dir = 'E:\\My data'", windows)).toBe("E:\\My data");
  });
});

describe("the folders of this machine", () => {
  const given = (texts: Record<string, string>): FileReader => ({ read: async (path) => texts[path] ?? null });

  test("begin with the one that the settings name, behind the environment's", async () => {
    const reader = given({ "/home/ana/.config/sidecar/config.toml": 'data_dir = "/d"' });
    expect(await foldersHere(ana, reader)).toEqual(["/d", USUAL]);
    expect(await foldersHere(machine("linux", "/home/ana", { SIDECAR_DATA_DIR: "/e" }), reader)).toEqual(["/e", "/d", USUAL]);
  });

  test("are the usual ones without settings, or with settings that name none", async () => {
    expect(await foldersHere(ana, given({}))).toEqual([USUAL]);
    expect(await foldersHere(ana, given({ "/home/ana/.config/sidecar/config.toml": "port = 1" }))).toEqual([USUAL]);
  });
});

const place = inject("realServer");
describe.skipIf(place.missing !== null)("settings that sidecar setup wrote", () => {
  if (place.missing !== null) return;
  let home: string;
  beforeEach(() => (home = realpathSync(mkdtempSync(join(tmpdir(), "a home ")))));
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  test.each(["my data", "d'où", 'the "new" one', "back\\slash", "カ🦊"])("lead to a folder called %j", async (name) => {
    const data = join(home, name);
    const env = { ...process.env, HOME: home, XDG_CONFIG_HOME: join(home, "config"), SIDECAR_CONFIG: "", SIDECAR_DATA_DIR: "" };
    const wishes = ["--model", "none", "--embedding-model", "none", "--upstream", "none", "--no-service", "--no-index", "--yes"];
    execFileSync(place.python, ["-m", "sidecar", "setup", "--vault", demoIn(join(home, "vault")), "--data-dir", data, ...wishes], { env, cwd: place.folder });
    mkdirSync(data, { recursive: true });
    writeFileSync(join(data, "runtime.json"), "{}");
    const folders = await foldersHere(machine("linux", home, { XDG_CONFIG_HOME: join(home, "config") }), { read: (path) => readSmall(files, path) });
    expect(folders[0]).toBe(data);
  }, 60_000);
});
