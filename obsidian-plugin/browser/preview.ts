/** Opens the built plugin in a page against a real Sidecar, and what tests ask of it. */
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { buildAll, type Bundles } from "../preview/bundles.mjs";
import { servePage, type PageServer } from "../preview/page_server.mjs";
import { prepareSidecar, sidecarCommand, type Options as SidecarOptions, type Sidecar } from "../preview/sidecar.mjs";
import type { Preview as PagePreview } from "../stand-in/page";
import { findChromium, launch } from "./chromium";
import { watchTraffic } from "./origin";

declare global {
  interface Window {
    preview: PagePreview;
    axe: { run(context: unknown, options: unknown): Promise<{ violations: AxeViolation[] }> };
  }
}
type AxeViolation = { id: string; impact: string | null; help: string; nodes: { html: string; failureSummary?: string }[] };

export type Look = { theme?: "light" | "dark"; language?: string; width?: number; height?: number; mobile?: boolean; slow?: number; plugin?: boolean };
export type Options = Look & {
  /** A folder to copy as the vault; the demonstration vault otherwise. */
  vault?: string;
  /** Another plugin's source than ours. */
  entry?: string;
  /** More for the server: arguments, environment. */
  sidecar?: Omit<SidecarOptions, "vault">;
  /** false: the server is not started (offline); start it with `sidecar.start()`. */
  running?: boolean;
  /** The origin that the server meets; Obsidian's of the device otherwise. */
  origin?: string;
};

const SHOTS = fileURLToPath(new URL("./screenshots/", import.meta.url));

/** Why these tests cannot run here, or null. Use as `describe.skipIf(cannotRun !== null)`. */
export const cannotRun: string | null =
  findChromium() === null ? "no Chromium: set CHROMIUM to the path of one" : sidecarCommand() === null ? "no Sidecar: set SIDECAR_PYTHON to a Python that has it" : null;
if (cannotRun !== null) console.warn(`Browser tests are skipped: ${cannotRun}`);

export class Preview {
  /** Uncaught errors and console errors of the page; the failing requests of a server that is away are no errors. */
  readonly errors: string[] = [];
  /** Requests for another host than page and Sidecar. None was let through. */
  readonly foreign: string[] = [];
  /** What the page itself asked the Sidecar, as "POST /v1/chat/completions". */
  readonly asked: string[] = [];
  /** Windows that the app opened for its own leaves; any other counts as foreign and is closed. */
  readonly windows: Page[] = [];
  /** Whether a test has leaves moved into windows of their own. */
  opensWindows = false;
  /** Error texts that a test brings about on purpose. */
  readonly expected: RegExp[] = [/Failed to load resource: net::ERR_(CONNECTION_REFUSED|ABORTED|EMPTY_RESPONSE|INCOMPLETE_CHUNKED_ENCODING)/];

  constructor(
    readonly page: Page,
    readonly sidecar: Sidecar,
    readonly server: PageServer,
    private readonly browser: Browser,
  ) {}

  /** Where the vault's copy is on the disk, to look at what was written. */
  get vault(): string {
    return this.sidecar.machine.vault;
  }
  runCommand(id: string): Promise<boolean> {
    return this.page.evaluate((name) => window.preview.runCommand(name), id);
  }
  /** Does the palette offer the command now? */
  offers(id: string): Promise<boolean> {
    return this.page.evaluate((name) => window.preview.offers(name), id);
  }
  openNote(path: string): Promise<void> {
    return this.page.evaluate((name) => window.preview.openNote(name), path);
  }
  /** All that notices have said so far. */
  noticeTexts(): Promise<string[]> {
    return this.page.evaluate(() => [...window.preview.notices]);
  }
  /** The note's text as the vault's folder has it. */
  noteText(path: string): string {
    return readFileSync(join(this.vault, path), "utf8");
  }
  /** The text of the open editor, saved or not. */
  editorText(): Promise<string> {
    return this.page.evaluate(() => (window.preview.app.workspace.getMostRecentLeaf()?.view as unknown as { editor: { getValue(): string } }).editor.getValue());
  }
  /** Select lines and columns in the open editor, `[line, ch]` from 0. */
  select(from: [number, number], to: [number, number] = from): Promise<void> {
    return this.page.evaluate(([a, b]) => {
      const { workspace } = window.preview.app;
      const leaf = workspace.getMostRecentLeaf();
      if (leaf === null) throw new Error("No note is open.");
      workspace.setActiveLeaf(leaf, { focus: true });
      workspace.activeEditor?.editor.setSelection({ line: a[0], ch: a[1] }, { line: b[0], ch: b[1] });
    }, [from, to] as const);
  }
  statusBarText(): Promise<string> {
    return this.page.locator(".status-bar").innerText();
  }
  async openSettings(): Promise<void> {
    await this.page.evaluate(() => {
      window.preview.app.setting.open();
      window.preview.app.setting.openTabById(window.preview.setup.manifest.id);
    });
  }
  /** What saveData wrote. */
  savedData(): unknown {
    try {
      return JSON.parse(this.noteText(`.obsidian/plugins/${this.pluginId}/data.json`)) as unknown;
    } catch {
      return null;
    }
  }
  pluginId = "sidecar";
  async screenshot(name: string): Promise<string> {
    mkdirSync(SHOTS, { recursive: true });
    const path = join(SHOTS, `${name}.png`);
    await this.page.screenshot({ path });
    return path;
  }
  /** Rules that axe-core finds broken in what a selector shows, as one line each. Colours count as well. */
  async axe(selector = "body", disabled: string[] = []): Promise<string[]> {
    if (!(await this.page.evaluate(() => "axe" in window))) await this.page.addScriptTag({ path: createRequire(import.meta.url).resolve("axe-core/axe.min.js") });
    const violations = await this.page.evaluate(
      async ([where, off]) => (await window.axe.run(where, { rules: Object.fromEntries(off.map((id) => [id, { enabled: false }])) })).violations,
      [selector, [...disabled, "region", "page-has-heading-one", "landmark-one-main"]] as const,
    );
    // CodeMirror's own scroller, whose content is what takes the focus.
    const ours = violations.map((one) => ({ ...one, nodes: one.nodes.filter(({ html }) => !/^<div[^>]* class="cm-scroller"/.test(html)) })).filter(({ nodes }) => nodes.length > 0);
    return ours.map(({ id, impact, help, nodes }) => `${id} (${impact}): ${help} – ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary?.replace(/\s+/g, " ") ?? ""}`).join(" | ")}`);
  }
  /** Nothing went wrong in the page, and nobody else was asked anything. */
  assertClean(): void {
    const odd = this.errors.filter((text) => !this.expected.some((known) => known.test(text)));
    if (odd.length > 0) throw new Error(`The page had errors:\n${odd.join("\n")}`);
    const foreign = [...this.foreign, ...this.server.blocked];
    if (foreign.length > 0) throw new Error(`The page asked others:\n${foreign.join("\n")}`);
  }
  /** Load the page anew, with another look if one is given. */
  async reopen(look: Look = {}): Promise<void> {
    await this.page.goto(`${this.server.url}?${query(look)}`);
    await this.page.waitForSelector("body[data-ready]", { state: "attached", timeout: 20_000 });
  }
  /** Check that all went well, and end page, server and folders. */
  async close({ clean = true }: { clean?: boolean } = {}): Promise<void> {
    await this.browser.close();
    await this.server.close();
    await this.sidecar.remove();
    if (clean) this.assertClean();
  }
}

function query({ theme, language, mobile, slow, plugin }: Look): string {
  const given = { theme, language, mobile: mobile === true ? "1" : undefined, slow: slow === undefined ? undefined : String(slow), plugin: plugin === false ? "off" : undefined };
  return new URLSearchParams(Object.entries(given).filter((pair): pair is [string, string] => pair[1] !== undefined)).toString();
}

let built: Promise<Bundles> | null = null;

/** Open the page. Close it in the test's end: that is where its errors are reported. */
export async function openPreview(options: Options = {}): Promise<Preview> {
  const bundles = options.entry === undefined ? await (built ??= buildAll()) : await buildAll({ entry: options.entry });
  // A phone's own origin is let in only when the server is told to.
  const origin = options.origin ?? (options.mobile === true ? "http://localhost" : "app://obsidian.md");
  const more = options.sidecar ?? {};
  const origins = [...(more.origins ?? []), ...(origin === "app://obsidian.md" || options.origin !== undefined ? [] : [origin])];
  const sidecar = prepareSidecar({ ...more, origins, ...(options.vault === undefined ? {} : { vault: options.vault }) });
  const undo: (() => Promise<unknown>)[] = [() => sidecar.remove()];
  try {
    if (options.running !== false) await sidecar.start();
    const server = await servePage(bundles, () => sidecar);
    undo.unshift(() => server.close());
    const browser = await launch(["127.0.0.1", sidecar.host]);
    undo.unshift(() => browser.close());
    const preview = await openPage(browser, sidecar, server, options, origin);
    preview.pluginId = bundles.manifest.id;
    await preview.reopen(options).catch((error: unknown) => {
      throw new Error(`The page did not come up: ${preview.errors.join("\n")}`, { cause: error });
    });
    return preview;
  } catch (error) {
    for (const step of undo) await step().catch(() => undefined);
    throw error;
  }
}

async function openPage(browser: Browser, sidecar: Sidecar, server: PageServer, options: Options, origin: string): Promise<Preview> {
  const phone = options.mobile === true;
  const viewport = { width: options.width ?? (phone ? 390 : 1280), height: options.height ?? (phone ? 844 : 800) };
  const context = await browser.newContext({ viewport, hasTouch: phone, reducedMotion: "reduce", permissions: ["clipboard-read", "clipboard-write"] });
  const page = await context.newPage();
  const preview = new Preview(page, sidecar, server, browser);
  const isPage = (url: string): boolean => url.startsWith(server.url);
  // Closed ports of this machine may be asked, as a plugin does whose server is away.
  const isOurs = (url: string): boolean => /^(data|blob|about):/.test(url) || (/^http:\/\/[^/]+:\d+\//.test(url) && ["127.0.0.1", sidecar.host].includes(new URL(url).hostname));
  context.on("page", (opened) => {
    if (opened === page) return;
    if (preview.opensWindows && opened.url() === "about:blank") return watchWindow(preview, opened);
    preview.foreign.push(`a window: ${opened.url()}`);
    void opened.close();
  });
  page.on("pageerror", (error) => preview.errors.push(`${error.message}\n${error.stack ?? ""}`));
  page.on("console", (message) => {
    if (message.type() !== "error") return;
    // What a server answers to whoever is still waiting when it is told to stop.
    if (/status of 503/.test(message.text()) && !sidecar.isUp()) return;
    preview.errors.push(`${message.text()} ${message.location().url}`);
  });
  page.on("request", (request) => !isPage(request.url()) && isOurs(request.url()) && request.url().startsWith("http") && preview.asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
  await watchTraffic(page, { appOrigin: origin, pageOrigin: server.origin, isServer: (url) => !isPage(url) && isOurs(url), isForeign: (url) => !isOurs(url), onForeign: (url) => preview.foreign.push(url) });
  return preview;
}

function watchWindow(preview: Preview, opened: Page): void {
  preview.windows.push(opened);
  opened.on("pageerror", (error) => preview.errors.push(`${error.message}\n${error.stack ?? ""}`));
  opened.on("console", (message) => message.type() === "error" && preview.errors.push(message.text()));
}
