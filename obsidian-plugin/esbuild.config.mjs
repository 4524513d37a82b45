// Builds main.js, the one file that Obsidian loads. The same sources give the same bytes, whoever builds them where.
import { build } from "esbuild";
import { builtinModules } from "node:module";
import { fileURLToPath } from "node:url";
import { readFileSync } from "node:fs";
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
const bytes = readFileSync(new URL(outfile, `file://${here}/`));
console.log(`${outfile}: ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} compressed`);
