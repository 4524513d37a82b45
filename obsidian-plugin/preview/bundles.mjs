// Builds what the page loads: the plugin as it is released, and the stand-in around it.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path) => readFileSync(join(root, path), "utf8");

/** Another plugin than ours, such as one that tries what the stand-in has. */
async function otherPlugin(entry) {
  const built = await build({ absWorkingDir: root, entryPoints: [entry], bundle: true, write: false, format: "cjs", target: "es2022", external: ["obsidian", "node:*", "fs", "os", "path"], logLevel: "warning" });
  return built.outputFiles[0].text;
}

function plugin() {
  const folder = mkdtempSync(join(tmpdir(), "sidecar-plugin-"));
  try {
    const built = spawnSync(process.execPath, ["esbuild.config.mjs", join(folder, "main.js")], { cwd: root, encoding: "utf8" });
    if (built.status !== 0) throw new Error(`The plugin does not build:\n${built.stderr}`);
    return ["main.js", "styles.css"].map((name) => readFileSync(join(folder, name), "utf8"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Each path's type and content. `entry` names another plugin's source than ours. */
export async function buildAll({ entry } = {}) {
  const [code, styles] = entry === undefined ? plugin() : [await otherPlugin(entry), ""];
  const page = await build({ absWorkingDir: root, entryPoints: ["stand-in/page.ts"], bundle: true, write: false, format: "iife", target: "es2022", sourcemap: "inline", logLevel: "warning", keepNames: true });
  return {
    "/": ["text/html", read("stand-in/index.html")],
    "/preview/app.css": ["text/css", read("stand-in/app.css")],
    "/preview/page.js": ["text/javascript", page.outputFiles[0].text],
    "/preview/main.js": ["text/javascript", code],
    "/preview/styles.css": ["text/css", styles],
    manifest: JSON.parse(read("manifest.json")),
  };
}
