// Builds main.js and styles.css, which Obsidian loads, from src/; with manifest.json they are the files of a release.
// The same sources give the same bytes, whoever builds them where.
import { build } from "esbuild";
import { builtinModules } from "node:module";
import { fileURLToPath } from "node:url";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { gzipSync } from "node:zlib";

const here = fileURLToPath(new URL(".", import.meta.url));
const outfile = process.argv[2] ?? "main.js";
await build({
  absWorkingDir: here,
  entryPoints: ["src/main.ts"],
  outfile,
  bundle: true,
  format: "cjs",
  platform: "browser",
  target: "es2022",
  // Obsidian gives these; Node's own are there on the desktop alone, and asked for only there.
  external: ["obsidian", "electron", "@codemirror/state", "@codemirror/view", ...builtinModules, ...builtinModules.map((name) => `node:${name}`)],
  minify: true,
  treeShaking: true,
  // A source map would hold paths of the machine that built it.
  sourcemap: false,
  legalComments: "none",
  charset: "utf8",
  logLevel: "warning",
});
const styles = resolve(here, dirname(outfile), "styles.css");
writeFileSync(styles, joined(resolve(here, "src/styles")));
for (const file of [resolve(here, outfile), styles]) {
  const bytes = readFileSync(file);
  console.log(`${file}: ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} compressed`);
}

// By name in the order of code points: no system's own order of folders, no locale's.
function joined(folder) {
  const names = readdirSync(folder).filter((name) => name.endsWith(".css")).sort();
  return names.map((name) => readFileSync(resolve(folder, name), "utf8").replaceAll("\r\n", "\n").trimEnd() + "\n").join("\n");
}
