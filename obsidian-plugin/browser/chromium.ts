/** The browser that the tests run in: which program, and that it asks nobody else for anything. */
import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

const USUAL = [
  "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/usr/bin/google-chrome-stable", "/usr/bin/microsoft-edge",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe", "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
];
const QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export function findChromium(): string | null {
  const named = process.env["CHROMIUM"];
  return named ?? USUAL.find((path) => existsSync(path)) ?? null;
}

/** The browser, which finds this machine alone, at these addresses. */
export function launch(addresses = ["127.0.0.1"]): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error("No Chromium found. Set CHROMIUM to the path of one.");
  return chromium.launch({ executablePath, args: [...QUIET, `--host-resolver-rules=MAP * ~NOTFOUND${addresses.map((address) => `, EXCLUDE ${address}`).join("")}`] });
}
