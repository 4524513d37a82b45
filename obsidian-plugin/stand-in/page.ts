/** The page: Obsidian's look around the stand-in, with the built plugin loaded into it. */
import * as codemirrorState from "@codemirror/state";
import * as codemirrorView from "@codemirror/view";
import { App } from "./app";
import { CapacitorAdapter, FileSystemAdapter } from "./disk";
import { extendThePage } from "./dom";
import { language } from "./language";
import { drawShell } from "./shell";
import { slowness } from "./network";
import { nodeModules, type Machine } from "./node";
import { said } from "./notice";
import { obsidian } from "./obsidian";
import { becomePhone } from "./platform";
import type { Manifest, Plugin } from "./plugin";
import { strictRecord } from "./strict";
import type { StoredFile } from "./vault";

export type Setup = { vault: { name: string; basePath: string; files: StoredFile[]; folders: string[] }; machine: Machine; manifest: Manifest; origin: string };

const wanted = new URLSearchParams(window.location.search);

function prepareDevice(): void {
  if (wanted.get("mobile") === "1") becomePhone();
  const mobile = obsidian.Platform.isMobile;
  document.body.addClass(wanted.get("theme") === "dark" ? "theme-dark" : "theme-light", mobile ? "is-mobile" : "is-desktop");
  if (mobile) document.body.addClass("is-phone");
  language.tag = wanted.get("language") ?? "en";
  document.documentElement.lang = language.tag;
  slowness.ms = Number(wanted.get("slow") ?? 0);
}

/** What the bundle's `require` gives: Obsidian and CodeMirror everywhere, Node on the desktop alone. */
function requireFor(setup: Setup): (name: string) => object {
  const node = obsidian.Platform.isDesktopApp ? nodeModules(setup.machine) : {};
  const shared: Record<string, object> = { obsidian: strictRecord("export", obsidian), "@codemirror/state": codemirrorState, "@codemirror/view": codemirrorView };
  return (name) => {
    const found = shared[name] ?? node[name];
    if (found === undefined) throw new Error(`Cannot find module '${name}'`);
    return found;
  };
}

async function loadPlugin(app: App, setup: Setup, require: (name: string) => object): Promise<Plugin> {
  if (obsidian.Platform.isDesktopApp) Object.assign(window, { require, process: strictRecord("process member", { platform: setup.machine.platform, env: setup.machine.env, versions: {} }) });
  const code = await (await fetch("/preview/main.js")).text();
  const module: { exports: { default?: new (app: App, manifest: Manifest) => Plugin } } = { exports: {} };
  // The way Obsidian runs a plugin's file.
  new Function("require", "module", "exports", `${code}\n//# sourceURL=plugin:${setup.manifest.id}`)(require, module, module.exports);
  const Made = module.exports.default;
  if (Made === undefined) throw new Error("main.js exports no plugin.");
  return new Made(app, { ...setup.manifest, dir: `${app.vault.configDir}/plugins/${setup.manifest.id}` });
}

/** Test's and console's handle on the page. */
export class Preview {
  plugin: Plugin | null = null;
  readonly obsidian = obsidian;
  require: (name: string) => object = () => ({});
  readonly notices = said;
  readonly slowness = slowness;
  constructor(
    readonly app: App,
    readonly setup: Setup,
  ) {}

  async enable(): Promise<void> {
    const style = document.head.createEl("style", { attr: { "data-plugin": this.setup.manifest.id } });
    style.textContent = await (await fetch("/preview/styles.css")).text();
    this.require = requireFor(this.setup);
    this.plugin = await loadPlugin(this.app, this.setup, this.require);
    await (this.plugin.load() as Promise<void> | undefined);
  }
  disable(): void {
    this.plugin?.unload();
    this.plugin = null;
    document.head.querySelector(`style[data-plugin="${this.setup.manifest.id}"]`)?.remove();
  }
  runCommand(id: string): boolean {
    const command = this.app._commands.get(id) ?? this.app._commands.get(`${this.setup.manifest.id}:${id}`);
    if (command === undefined) throw new Error(`There is no command ${id}; there are ${[...this.app._commands.keys()].join(", ")}`);
    return this.app._run(command);
  }
  offers(id: string): boolean {
    const command = this.app._commands.get(id) ?? this.app._commands.get(`${this.setup.manifest.id}:${id}`);
    return command !== undefined && this.app._offers(command);
  }
  async openNote(path: string): Promise<void> {
    const file = this.app.vault.getFileByPath(path);
    if (file === null) throw new Error(`There is no note ${path}`);
    await this.app.workspace.getLeaf(false).openFile(file);
  }
}

async function start(): Promise<void> {
  extendThePage();
  prepareDevice();
  const setup = (await (await fetch("/preview/setup")).json()) as Setup;
  const Adapter = obsidian.Platform.isDesktopApp ? FileSystemAdapter : CapacitorAdapter;
  const app = new App(new Adapter(setup.vault.name, setup.vault.basePath));
  app.vault._fill(setup.vault.files, setup.vault.folders);
  app.metadataCache._readAll();
  drawShell(app);
  const preview = new Preview(app, setup);
  Object.assign(window, { preview, app });
  if (wanted.get("plugin") !== "off") await preview.enable();
  await preview.openNote(setup.vault.files.some(({ path }) => path === "Home.md") ? "Home.md" : (app.vault.getMarkdownFiles()[0]?.path ?? ""));
  app.workspace._becomeReady();
  app.metadataCache.trigger("resolved");
  document.body.dataset["ready"] = "yes";
}

declare global {
  interface Window {
    preview: Preview;
  }
}

void start();
