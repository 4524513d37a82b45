import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const SCRIPT = join(import.meta.dirname, "..", "install.mjs");
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "a vault "));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("the plugin's files are put into a vault, beside what is there", () => {
  mkdirSync(join(folder, ".obsidian", "plugins", "sidecar"), { recursive: true });
  writeFileSync(join(folder, ".obsidian", "plugins", "sidecar", "data.json"), "{}");
  const said = execFileSync(process.execPath, [SCRIPT, folder], { encoding: "utf8" });
  expect(readdirSync(join(folder, ".obsidian", "plugins", "sidecar")).sort()).toEqual(["data.json", "main.js", "manifest.json", "styles.css"]);
  expect(said).toContain(join(folder, ".obsidian", "plugins", "sidecar"));
});

test("a folder that is no vault is left as it is", () => {
  const done = spawnSync(process.execPath, [SCRIPT, folder], { encoding: "utf8" });
  expect(done.status).toBe(1);
  expect(done.stderr).toContain("no vault yet");
  expect(existsSync(join(folder, ".obsidian"))).toBe(false);
});

test.each([[[]], [["one", "two"]]])("%j is answered with how it is used", (words) => {
  const done = spawnSync(process.execPath, [SCRIPT, ...words], { encoding: "utf8" });
  expect(done.status).toBe(1);
  expect(done.stderr).toContain("Usage: npm run install-into -- VAULT");
});
