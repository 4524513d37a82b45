// Serves the page on 127.0.0.1: the bundles, the vault's files, the data folder's files, and requestUrl's requests.
import { createServer, request as ask } from "node:http";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";

const TEXTS = /\.(md|txt|json|css|csv|canvas|base)$/;

class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** The real place of a path below a folder; what leads out of it is refused. */
function placeIn(folder, path) {
  const place = resolve(folder, path.replace(/^\/+/, ""));
  let there = place;
  while (!existsSync(there)) there = dirname(there);
  const real = realpathSync(there);
  for (const one of [place, real]) if (one !== folder && !one.startsWith(folder + sep)) throw new Refused(403, "outside of the folder");
  return place;
}

const stats = (place) => {
  const { ctimeMs, mtimeMs, size } = statSync(place);
  return { ctime: Math.round(ctimeMs), mtime: Math.round(mtimeMs), size };
};

function listVault(root) {
  const found = { files: [], folders: [] };
  const walk = (folder) => {
    for (const name of readdirSync(folder).sort()) {
      const place = join(folder, name);
      if (name.startsWith(".") || lstatSync(place).isSymbolicLink()) continue;
      const path = relative(root, place).split(sep).join("/");
      if (statSync(place).isDirectory()) {
        found.folders.push(path);
        walk(place);
      } else found.files.push({ path, stat: stats(place), text: TEXTS.test(name) ? readFileSync(place, "utf8") : null });
    }
  };
  walk(root);
  return found;
}

async function bodyOf(incoming) {
  const pieces = [];
  for await (const piece of incoming) pieces.push(piece);
  return Buffer.concat(pieces);
}

function vaultAction(root, path, what, incoming, body) {
  const place = placeIn(root, path);
  if (what === "stat") return JSON.stringify(existsSync(place) ? { type: statSync(place).isDirectory() ? "folder" : "file", ...stats(place) } : null);
  if (what === "list") {
    const names = readdirSync(place).map((name) => [name, statSync(join(place, name)).isDirectory()]);
    const paths = (folders) => names.filter(([, isFolder]) => isFolder === folders).map(([name]) => relative(root, join(place, name)).split(sep).join("/"));
    return JSON.stringify({ files: paths(false), folders: paths(true) });
  }
  if (incoming.method === "GET") return readFileSync(place);
  if (incoming.method === "DELETE") rmSync(place, { recursive: true });
  else if (what === "folder") mkdirSync(place, { recursive: true });
  else {
    const target = what === "rename" ? placeIn(root, decodeURIComponent(incoming.headers["x-to"])) : place;
    mkdirSync(dirname(target), { recursive: true });
    if (what === "rename") renameSync(place, target);
    else writeFileSync(target, body);
  }
  return "";
}

const fail = (outgoing, message) => outgoing.writeHead(200, { "x-failure": encodeURIComponent(message) }).end();

/** Ask as Obsidian's own process does: no origin, no CORS. Only what `allowed` says is reached. */
function forward(incoming, body, outgoing, allowed) {
  const { url, method, headers } = JSON.parse(decodeURIComponent(incoming.headers["x-request"]));
  if (!allowed(url)) {
    fail(outgoing, "net::ERR_BLOCKED_BY_CLIENT");
    return;
  }
  const asked = ask(url, { method, headers: { ...headers, "Content-Length": body.length } }, (answer) => {
    const facts = encodeURIComponent(JSON.stringify({ status: answer.statusCode, headers: answer.headers }));
    outgoing.writeHead(200, { "content-type": "application/octet-stream", "x-answer": facts });
    answer.pipe(outgoing);
    answer.on("error", () => outgoing.destroy());
  });
  asked.on("error", (error) => (outgoing.headersSent ? outgoing.destroy() : fail(outgoing, error.code === "ECONNREFUSED" ? "net::ERR_CONNECTION_REFUSED" : `net::ERR_FAILED (${error.code})`)));
  outgoing.on("close", () => asked.destroy());
  asked.end(body);
}

/** Start the page's server. `about()` tells machine and address of the Sidecar, which may start later and anew. */
export async function servePage(bundles, about) {
  const blocked = [];
  const allowed = (url) => {
    const { protocol, hostname, host: asked } = new URL(url);
    const known = protocol === "http:" && ["127.0.0.1", about().host].includes(hostname);
    if (!known) blocked.push(url);
    return known && asked !== host;
  };
  let host = "";
  const server = createServer(async (incoming, outgoing) => {
    try {
      // A page of another origin, or another name for this address, has no business here.
      if (incoming.headers.host !== host || (incoming.headers.origin !== undefined && incoming.headers.origin !== `http://${host}`)) throw new Refused(403, "not this page");
      const url = new URL(incoming.url, `http://${host}`);
      const path = url.searchParams.get("path") ?? "";
      const { machine } = about();
      const body = await bodyOf(incoming);
      if (Array.isArray(bundles[url.pathname])) {
        const [type, text] = bundles[url.pathname];
        outgoing.writeHead(200, { "content-type": `${type}; charset=utf-8`, "cache-control": "no-store" }).end(text);
      } else if (url.pathname === "/preview/setup") {
        const vault = { name: basename(machine.vault), basePath: machine.vault, ...listVault(machine.vault) };
        outgoing.end(JSON.stringify({ vault, machine: { home: machine.home, platform: "linux", env: machine.env }, manifest: bundles.manifest }));
      } else if (url.pathname === "/preview/vault") {
        outgoing.end(vaultAction(machine.vault, path, incoming.headers["x-do"], incoming, body));
      } else if (url.pathname === "/preview/file") {
        if (!existsSync(machine.dataDir)) throw new Refused(404, "no such file");
        outgoing.end(readFileSync(placeIn(machine.dataDir, path === "" ? machine.dataDir : relative(machine.dataDir, path))));
      } else if (url.pathname === "/preview/request") forward(incoming, body, outgoing, allowed);
      else throw new Refused(404, "nothing here");
    } catch (error) {
      // Told in a header: a status would show up in the page's console as an error of the plugin.
      const status = error instanceof Refused && error.status !== 404 && !incoming.url.startsWith("/preview/file") ? error.status : 200;
      if (!outgoing.headersSent) outgoing.writeHead(incoming.url.startsWith("/preview/") ? status : 404, { "content-type": "text/plain", "x-failure": encodeURIComponent(error.message) });
      outgoing.end();
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  host = `127.0.0.1:${server.address().port}`;
  return {
    url: `http://${host}/`,
    origin: `http://${host}`,
    blocked,
    close: () => new Promise((done) => {
      server.close(done);
      server.closeAllConnections();
    }),
  };
}
