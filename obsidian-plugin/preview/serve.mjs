// `npm run preview`: the plugin in a page that a person can open, against a real Sidecar on a copy of the demonstration vault.
import { buildAll } from "./bundles.mjs";
import { servePage } from "./page_server.mjs";
import { DEMO_VAULT, prepareSidecar } from "./sidecar.mjs";

let page = null;
let sidecar = null;

async function end(code) {
  await page?.close();
  await sidecar?.remove();
  process.exit(code);
}
process.once("SIGINT", () => void end(0));
process.once("SIGTERM", () => void end(0));

try {
  page = await servePage(await buildAll(process.env.PREVIEW_ENTRY ? { entry: process.env.PREVIEW_ENTRY } : {}), () => sidecar);
  // A browser sends the page's own origin, so this one server is told to let it in as it does Obsidian's.
  sidecar = prepareSidecar({ vault: process.argv[2] ?? DEMO_VAULT, origins: [page.origin] });
  await sidecar.start();
  console.log(`Open ${page.url}`);
  console.log(`  dark: ${page.url}?theme=dark   Portuguese: ${page.url}?language=pt   phone: ${page.url}?mobile=1`);
  console.log(`  Sidecar: ${sidecar.url}   vault (a copy): ${sidecar.machine.vault}`);
  console.log("Ctrl-C ends it.");
} catch (error) {
  console.error(error.message);
  await end(1);
}
