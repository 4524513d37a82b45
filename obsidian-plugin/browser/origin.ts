/**
 * Lets the server meet Obsidian's own origin: what the page's fetch sends leaves as from `app://obsidian.md`, preflights too.
 * No page can have that origin in Chromium, so the browser's side of CORS is kept with the page's: an answer that allows
 * exactly the app's origin is handed on as one that allows the page's, any other is left as it is and refused by Chromium.
 * Bodies stream through untouched. The server needs no setting for it and is asked just as by Obsidian.
 */
import type { CDPSession, Page } from "playwright-core";

type Header = { name: string; value: string };
type Paused = { requestId: string; request: { url: string; headers: Record<string, string> }; responseStatusCode?: number; responseErrorReason?: string; responseHeaders?: Header[] };

/** Who asks whom: the origin that the server meets, which addresses are servers of ours, and which are anybody else's. */
export type Traffic = { appOrigin: string; pageOrigin: string; isServer: (url: string) => boolean; isForeign: (url: string) => boolean; onForeign: (url: string) => void };

// Not through Playwright's own routes: those answer preflights themselves, and the server would never be asked.
export async function watchTraffic(page: Page, traffic: Traffic): Promise<void> {
  const session = await page.context().newCDPSession(page);
  session.on("Fetch.requestPaused", (paused) => {
    const isAnswer = paused.responseStatusCode !== undefined || paused.responseErrorReason !== undefined;
    // A page that is closing takes its requests with it.
    void (isAnswer ? receive(session, paused, traffic) : send(session, paused, traffic)).catch(() => undefined);
  });
  await session.send("Fetch.enable", { patterns: [{ urlPattern: "*", requestStage: "Request" }, { urlPattern: "http://*", requestStage: "Response" }] });
}

const named = (wanted: string) => ([name]: [string, unknown]): boolean => name.toLowerCase() === wanted;

async function send(session: CDPSession, paused: Paused, { appOrigin, isServer, isForeign, onForeign }: Traffic): Promise<void> {
  const { requestId, request } = paused;
  if (isForeign(request.url)) {
    onForeign(request.url);
    return void (await session.send("Fetch.failRequest", { requestId, errorReason: "BlockedByClient" }));
  }
  const origin = Object.entries(request.headers).find(named("origin"));
  if (origin === undefined || !isServer(request.url)) return void (await session.send("Fetch.continueRequest", { requestId }));
  const others = Object.entries(request.headers).filter(([name]) => !["origin", "referer"].includes(name.toLowerCase()));
  await session.send("Fetch.continueRequest", { requestId, headers: [...others.map(([name, value]) => ({ name, value })), { name: "Origin", value: appOrigin }] });
}

async function receive(session: CDPSession, paused: Paused, { appOrigin, pageOrigin, isServer }: Traffic): Promise<void> {
  const { requestId, request, responseStatusCode, responseHeaders = [] } = paused;
  const allowed = responseHeaders.some(({ name, value }) => name.toLowerCase() === "access-control-allow-origin" && value === appOrigin);
  if (!allowed || responseStatusCode === undefined || !isServer(request.url)) return void (await session.send("Fetch.continueRequest", { requestId }));
  const kept = responseHeaders.filter(({ name }) => name.toLowerCase() !== "access-control-allow-origin");
  await session.send("Fetch.continueResponse", { requestId, responseCode: responseStatusCode, responseHeaders: [...kept, { name: "Access-Control-Allow-Origin", value: pageOrigin }] });
}
