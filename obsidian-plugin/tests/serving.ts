/** A real Sidecar server in a process of its own, on a free port. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { cpSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DEMO = join(ROOT, "tests", "vaults", "demo");
const NEEDED = ["sidecar", "starlette", "uvicorn", "apsw"];

export interface Place {
  /** A Python that can run Sidecar. */
  readonly python: string;
  /** A folder of this run's own, with the vaults and data folders in it. */
  readonly folder: string;
}

export interface Started {
  readonly url: string;
  readonly key: string;
  readonly data: string;
  readonly vault: string;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/** A Python that has what Sidecar needs: `SIDECAR_PYTHON`, the repository's own, the system's. */
export function findPython(): { python: string } | { missing: string } {
  const own = process.platform === "win32" ? join(ROOT, ".venv", "Scripts", "python.exe") : join(ROOT, ".venv", "bin", "python");
  const tried = [process.env["SIDECAR_PYTHON"], existsSync(own) ? own : undefined, "python3"].filter((path): path is string => path !== undefined && path !== "");
  const look = `import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, ${JSON.stringify(NEEDED)})))`;
  const python = tried.find((path) => spawnSync(path, ["-c", look], { cwd: ROOT, env: environment(), timeout: 20_000 }).status === 0);
  return python === undefined ? { missing: `no Python can run Sidecar (tried ${tried.join(", ")}); SIDECAR_PYTHON names one` } : { python };
}

/** Begin to start a server, with a copy of the demo vault unless there are `vaults`. `name` is its data folder's. */
export function launch({ python, folder }: Place, name: string, { port = 0, vaults, config = "", env = {} }: Wishes = {}): { data: string; vault: string; process: ChildProcess } {
  const data = join(folder, name);
  const vault = vaults?.[0] ?? demoIn(join(folder, `${name} vault`, "demo"));
  mkdirSync(data, { recursive: true });
  rmSync(join(data, "runtime.json"), { force: true });
  writeFileSync(join(data, "config.toml"), config);
  const log = openSync(join(data, "serve.log"), "a");
  const command = ["-m", "sidecar", "serve", ...(vaults ?? [vault]), "--port", String(port), "--data-dir", data, "--config", join(data, "config.toml"), "--offline"];
  const running = spawn(python, command, { cwd: ROOT, env: { ...environment(), ...env }, stdio: ["ignore", log, log] });
  return { data, vault, process: running };
}

export interface Wishes {
  readonly port?: number;
  readonly vaults?: readonly string[];
  readonly config?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Start a server and wait until it answers. */
export async function start(place: Place, name: string, wishes: Wishes = {}): Promise<Started> {
  const launched = launch(place, name, wishes);
  const url = await urlIn(launched.data, () => launched.process.exitCode);
  const stop = (): Promise<void> => stopped(launched.process);
  return { ...launched, url, key: readFileSync(join(launched.data, "token"), "utf8").trim(), stop };
}

/** The address that a server has written, once it has. */
export async function urlIn(data: string, exitCode: () => number | null = () => null): Promise<string> {
  const runtime = join(data, "runtime.json");
  await until(() => exitCode() !== null || existsSync(runtime), 60_000);
  if (!existsSync(runtime)) throw new Error(`the server ended: ${readFileSync(join(data, "serve.log"), "utf8")}`);
  return (JSON.parse(readFileSync(runtime, "utf8")) as { url: string }).url;
}

export function demoIn(folder: string): string {
  mkdirSync(dirname(folder), { recursive: true });
  cpSync(DEMO, folder, { recursive: true });
  return folder;
}

export async function stopped(running: ChildProcess): Promise<void> {
  if (running.exitCode !== null || running.signalCode !== null) return;
  const ended = new Promise((done) => running.once("exit", done));
  running.kill("SIGTERM");
  const last = setTimeout(() => running.kill("SIGKILL"), 10_000);
  await ended;
  clearTimeout(last);
}

export async function until<T>(probe: () => T | Promise<T>, ms = 20_000): Promise<NonNullable<T>> {
  const deadline = Date.now() + ms;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`nothing came within ${ms} ms`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

function environment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("SIDECAR_") && name !== "PYTHONPATH");
  return { ...Object.fromEntries(inherited), SIDECAR_CONFIG: process.platform === "win32" ? "nul" : "/dev/null", NO_COLOR: "1" };
}
