// Checks what a release consists of: manifest, versions, and a main.js that comes out the same wherever it is built.
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = fileURLToPath(new URL(".", import.meta.url));
// Phones read the file at every start; on what it was when this was set, see docs/explanation/plugin.md.
const LARGEST = 450_000;
const FILES = ["main.js", "styles.css"];
const problems = [];

function expect(holds, problem) {
  if (!holds) problems.push(problem);
}

function json(name) {
  return JSON.parse(readFileSync(join(here, name), "utf8"));
}

/** Build in a copy with a path of its own, so that a path that gets into the file shows. */
function built(name) {
  const folder = mkdtempSync(join(tmpdir(), name));
  try {
    cpSync(here, folder, { recursive: true, filter: (path) => !/(node_modules|main\.js|styles\.css|screenshots)$/.test(path) });
    symlinkSync(join(here, "node_modules"), join(folder, "node_modules"));
    execFileSync(process.execPath, ["esbuild.config.mjs"], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
    return FILES.map((file) => readFileSync(join(folder, file)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const manifest = json("manifest.json");
const versions = json("versions.json");
const { version } = json("package.json");
const project = /^version = "(.+)"$/m.exec(readFileSync(join(here, "..", "pyproject.toml"), "utf8"))?.[1];

expect(/^\d+\.\d+\.\d+$/.test(manifest.version), `manifest.json: version ${manifest.version} is not x.y.z`);
expect(manifest.version === version, `manifest.json says ${manifest.version}, package.json ${version}`);
expect(manifest.version === project, `manifest.json says ${manifest.version}, pyproject.toml ${project}`);
expect(versions[manifest.version] === manifest.minAppVersion, "versions.json does not give minAppVersion for this version");
expect(/^[a-z][a-z-]*$/.test(manifest.id) && !manifest.id.includes("obsidian") && !manifest.id.endsWith("plugin"), `manifest.json: the id ${manifest.id} is not one that Obsidian takes`);
expect(manifest.description.length <= 250 && manifest.description.endsWith("."), "manifest.json: a description has at most 250 characters and ends with a full stop");
expect(!/obsidian/i.test(manifest.description), "manifest.json: a description does not name Obsidian");
expect(manifest.isDesktopOnly === false, "manifest.json: it works on phones");

const [one, two] = [built("sidecar-"), built("another-folder-")];
for (const [index, file] of FILES.entries()) {
  const [first, second] = [one[index], two[index]];
  expect(first.equals(second), `${file} comes out differently in another folder`);
  expect(!first.includes(tmpdir()), `${file} holds a path of the machine`);
  const digest = createHash("sha256").update(first).digest("hex");
  console.log(`${file}: ${first.length} bytes, ${gzipSync(first, { level: 9 }).length} compressed, sha256 ${digest}`);
}
expect(one[0].length <= LARGEST, `main.js has ${one[0].length} bytes, more than ${LARGEST}`);

for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
