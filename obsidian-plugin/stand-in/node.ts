/** Node as a desktop plugin meets it: reading files, limited to the data folder that the preview server names. */
import { strictRecord } from "./strict";

export type Machine = { home: string; platform: string; env: Record<string, string> };

const address = (path: string): string => `/preview/file?path=${encodeURIComponent(String(path))}`;
const noEntry = (path: string): Error => Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), { code: "ENOENT" });
const textOf = (bytes: ArrayBuffer, encoding: unknown): unknown => {
  const named = typeof encoding === "string" ? encoding : (encoding as { encoding?: string } | undefined)?.encoding;
  return named === undefined ? new Uint8Array(bytes) : new TextDecoder().decode(bytes);
};

async function readFile(path: string, encoding?: unknown): Promise<unknown> {
  const answer = await fetch(address(path));
  if (answer.headers.has("x-failure")) throw noEntry(path);
  return textOf(await answer.arrayBuffer(), encoding);
}

function readFileSync(path: string, encoding?: unknown): unknown {
  const request = new XMLHttpRequest();
  request.open("GET", address(path), false);
  request.send();
  if (request.getResponseHeader("x-failure") !== null) throw noEntry(path);
  return textOf(new TextEncoder().encode(request.responseText).buffer, encoding);
}

type Done = (error: Error | null, data?: unknown) => void;

/** What `require` gives on the desktop for Node's own modules. */
export function nodeModules(machine: Machine): Record<string, object> {
  const stat = async (path: string): Promise<object> => {
    const bytes = (await readFile(path)) as Uint8Array;
    return strictRecord("fs.Stats member", { size: bytes.length, isFile: () => true, isDirectory: () => false });
  };
  const promises = strictRecord("fs/promises member", { readFile, stat, access: async (path: string) => void (await readFile(path)), realpath: (path: string) => Promise.resolve(path) });
  const later = (path: string, encoding: unknown, done?: Done): void => {
    const tell = done ?? (encoding as Done);
    readFile(path, done === undefined ? undefined : encoding).then((data) => tell(null, data), (error: Error) => tell(error));
  };
  const existsSync = (path: string): boolean => {
    try {
      readFileSync(path);
      return true;
    } catch {
      return false;
    }
  };
  const join = (...parts: string[]): string => parts.filter((part) => part !== "").join("/").replace(/\/+/g, "/");
  const path = strictRecord("path member", { join, sep: "/", dirname: (p: string) => p.slice(0, p.lastIndexOf("/")) || "/", basename: (p: string) => p.split("/").pop() ?? "", isAbsolute: (p: string) => p.startsWith("/") });
  const modules = {
    fs: strictRecord("fs member", { promises, readFile: later, readFileSync, existsSync }),
    "fs/promises": promises,
    os: strictRecord("os member", { homedir: () => machine.home, platform: () => machine.platform, EOL: "\n" }),
    path,
    process: strictRecord("process member", { platform: machine.platform, env: machine.env }),
  };
  return { ...modules, ...Object.fromEntries(Object.entries(modules).map(([name, module]) => [`node:${name}`, module])) };
}
