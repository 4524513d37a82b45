// Builds the plugin and puts it into a vault: node install.mjs VAULT
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const FILES = ["main.js", "manifest.json", "styles.css"];

function end(message) {
  console.error(message);
  process.exit(1);
}

const [named, ...more] = process.argv.slice(2);
if (named === undefined || more.length > 0) end("Usage: npm run install-into -- VAULT\nVAULT is the folder of a vault, the one that holds .obsidian.");
// npm runs scripts in the plugin's folder; a relative path was meant from where the person is.
const vault = resolve(process.env.INIT_CWD ?? ".", named);
if (!existsSync(vault) || !statSync(vault).isDirectory()) end(`There is no folder ${vault}.`);
const settings = join(vault, ".obsidian");
if (!existsSync(settings)) end(`${vault} is no vault yet: it has no folder .obsidian. Open it in Obsidian once, then run this again.`);

execFileSync(process.execPath, ["esbuild.config.mjs"], { cwd: here, stdio: "inherit" });
const { id, version } = JSON.parse(readFileSync(join(here, "manifest.json"), "utf8"));
const folder = join(settings, "plugins", id);
mkdirSync(folder, { recursive: true });
for (const file of FILES) copyFileSync(join(here, file), join(folder, file));
console.log(`Version ${version} is in ${folder}.\nIn Obsidian: Settings → Community plugins → switch them on if they are off, reload the list, and switch on Sidecar.`);
