import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { absolute, dataFolders, inside, type Machine } from "../src/core/datafolder";
import { fromSettings, inFolders, type FileReader } from "../src/core/discovery";
import { readSmall } from "../src/platform/small_file";
import * as files from "node:fs/promises";

const KEY = "sk-sidecar-0123456789";
const reader: FileReader = { read: (path) => readSmall(files, path) };
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "a data folder "));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(facts: unknown, key: string | null = KEY): void {
  writeFileSync(join(folder, "runtime.json"), typeof facts === "string" ? facts : JSON.stringify(facts));
  if (key !== null) writeFileSync(join(folder, "token"), `${key}\n`);
}

const RUNNING = { url: "http://127.0.0.1:8484", pid: 1, version: "0.1.0", token_file: "token", vaults: ["demo"] };

describe("the folder's files", () => {
  test("name the address and hold the key", async () => {
    write(RUNNING);
    expect(await inFolders(["/nowhere", folder], reader)).toEqual({ url: RUNNING.url, key: KEY, trust: "https", from: "folder" });
  });

  test("a server without a key has none, whatever lies there", async () => {
    write({ ...RUNNING, token_file: null });
    expect(await inFolders([folder], reader)).toMatchObject({ key: null });
  });

  test("no other file is read as the key, whatever runtime.json names", async () => {
    write({ ...RUNNING, token_file: "/etc/hostname" });
    expect((await inFolders([folder], reader))?.key).toBe(KEY);
  });

  test("a server that listens everywhere is asked on this machine", async () => {
    write({ ...RUNNING, url: "http://0.0.0.0:9000" });
    expect((await inFolders([folder], reader))?.url).toBe("http://127.0.0.1:9000");
  });

  test.each(["", "{", "[]", "null", '{"url": 7, "token_file": null}', '{"url": "http://127.0.0.1:1"}'])("%j tells of no server", async (text) => {
    write(text);
    expect(await inFolders([folder], reader)).toBeNull();
  });

  test.each([["", null], ["short", null], ["has blanks in it", null], ["x".repeat(513), null], ["nö-key-0123456789", null]])("%j is no key", async (key) => {
    write(RUNNING, key);
    await expect(inFolders([folder], reader)).rejects.toMatchObject({ kind: "key", code: "no_token_file" });
  });

  test("a missing key is told", async () => {
    write(RUNNING, null);
    await expect(inFolders([folder], reader)).rejects.toMatchObject({ kind: "key" });
  });

  test("a folder, a pipe or a huge file in their place is none", async () => {
    mkdirSync(join(folder, "runtime.json"));
    expect(await inFolders([folder], reader)).toBeNull();
    rmSync(join(folder, "runtime.json"), { recursive: true });
    write(JSON.stringify({ ...RUNNING, filler: "x".repeat(70_000) }));
    expect(await inFolders([folder], reader)).toBeNull();
    rmSync(join(folder, "runtime.json"));
    symlinkSync("/dev/zero", join(folder, "runtime.json"));
    expect(await inFolders([folder], reader)).toBeNull();
  });
});

describe("the settings", () => {
  test("give an address with its key", () => {
    expect(fromSettings(" https://a.example/v1 ", ` ${KEY}\n`, "https")).toEqual({ url: "https://a.example", key: KEY, trust: "https", from: "settings" });
  });

  test("what cannot be a key is none", () => {
    for (const key of [null, "", "two words here", "a\r\nx-injected: 1"]) expect(fromSettings("https://a", key, "https").key).toBeNull();
  });
});

describe("data folders", () => {
  const machine = (platform: Machine["platform"], home: string, environ: Machine["environ"] = {}): Machine => ({ platform, home, environ });

  test.each<[string, Machine, string[]]>([
    ["Linux", machine("linux", "/home/ana"), ["/home/ana/.local/share/sidecar"]],
    ["Linux with XDG_DATA_HOME", machine("linux", "/home/ana", { XDG_DATA_HOME: "/data" }), ["/data/sidecar", "/home/ana/.local/share/sidecar"]],
    ["Linux with a relative XDG_DATA_HOME", machine("linux", "/home/ana", { XDG_DATA_HOME: "data" }), ["/home/ana/.local/share/sidecar"]],
    ["macOS", machine("darwin", "/Users/ana"), ["/Users/ana/Library/Application Support/sidecar"]],
    ["Windows", machine("win32", "C:\\Users\\ana", { LOCALAPPDATA: "D:\\Local" }), ["D:\\Local\\sidecar"]],
    ["Windows without LOCALAPPDATA", machine("win32", "C:\\Users\\ana"), ["C:\\Users\\ana\\AppData\\Local\\sidecar"]],
    ["SIDECAR_DATA_DIR", machine("linux", "/home/ana", { SIDECAR_DATA_DIR: "~/sc" }), ["/home/ana/sc", "/home/ana/.local/share/sidecar"]],
    ["SIDECAR_DATA_DIR on Windows", machine("win32", "C:\\U", { SIDECAR_DATA_DIR: "E:\\sc", LOCALAPPDATA: "L:\\" }), ["E:\\sc", "L:\\sidecar"]],
    ["a relative SIDECAR_DATA_DIR", machine("linux", "/home/ana", { SIDECAR_DATA_DIR: "sc" }), ["/home/ana/.local/share/sidecar"]],
  ])("%s", (_, given, folders) => {
    expect(dataFolders(given)).toEqual(folders);
  });

  test("folders that are typed", () => {
    expect(absolute("~", machine("linux", "/h"))).toBe("/h");
    expect(absolute("~\\x", machine("win32", "C:\\h"))).toBe("C:\\h\\x");
    expect(absolute("\\\\server\\share", machine("win32", "C:\\h"))).toBe("\\\\server\\share");
    expect(absolute("~ana/x", machine("linux", "/h"))).toBeNull();
    expect(inside("/a/", "b")).toBe("/a/b");
  });
});
