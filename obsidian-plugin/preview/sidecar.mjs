// A real Sidecar server on a copy of a vault, in folders of its own that go when it stops.
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { devNull, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../..", import.meta.url));
export const DEMO_VAULT = join(repository, "tests/vaults/demo");
const START_MS = 60_000;

/** How to run Sidecar here: the words of the command, or null where there is none. */
export function sidecarCommand(environment = process.env) {
  const python = environment.SIDECAR_PYTHON || [".venv/bin/python", ".venv/Scripts/python.exe"].map((path) => join(repository, path)).find(existsSync);
  if (python !== undefined) return [python, "-m", "sidecar"];
  const found = spawnSync("sidecar", ["--version"], { stdio: "ignore" });
  return found.status === 0 ? ["sidecar"] : null;
}

/** Folders of a machine that has nothing but this vault and Sidecar's data folder, where a plugin on Linux looks for it. */
function makeMachine(vault) {
  const home = realpathSync(mkdtempSync(join(tmpdir(), "sidecar-preview-")));
  const share = join(home, ".local", "share");
  const copy = join(home, basename(vault));
  mkdirSync(share, { recursive: true });
  cpSync(vault, copy, { recursive: true });
  return { home, vault: copy, dataDir: join(share, "sidecar"), env: { HOME: home, XDG_DATA_HOME: share } };
}

/** Make the machine; its server starts with `start()`, again on another port after `stop()`, and `remove()` ends all. */
export function prepareSidecar({ vault = DEMO_VAULT, origins = [], args = [], environment = {}, host = "127.0.0.1" } = {}) {
  const command = sidecarCommand();
  if (command === null) throw new Error("No Sidecar found: install it (`uv sync` in the repository), or set SIDECAR_PYTHON to a Python that has it.");
  const machine = makeMachine(vault);
  const server = { machine, host, url: null, token: null, process: null, log: "", isUp: () => server.process !== null };

  server.start = async (port = 0) => {
    const words = [...command.slice(1), "serve", machine.vault, "--host", host, "--port", String(port), "--data-dir", machine.dataDir, "--offline", ...args];
    const allowed = origins.length === 0 ? {} : { SIDECAR_ALLOWED_ORIGINS: ["app://obsidian.md", ...origins].join(",") };
    const child = spawn(command[0], words, { cwd: repository, env: { ...withoutSettings(), ...allowed, ...environment }, stdio: ["ignore", "pipe", "pipe"] });
    server.process = child;
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (server.log += bytes));
    const facts = await waitForRuntime(server, child);
    server.url = facts.url.replace(/\/v1\/?$/, "").replace(/\/$/, "");
    server.token = readFileSync(join(machine.dataDir, "token"), "utf8").trim();
    return server;
  };
  server.stop = async () => {
    const child = server.process;
    server.process = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), 8000);
    await ended;
    clearTimeout(late);
  };
  server.remove = async () => {
    await server.stop();
    rmSync(machine.home, { recursive: true, force: true });
  };
  server.status = async () => (await fetch(`${server.url}/vault/status`, { headers: { Authorization: `Bearer ${server.token}` } })).json();
  server.ready = async () => {
    const until = Date.now() + START_MS;
    for (;;) {
      const status = await server.status();
      if (status.ready && status.vaults.every((one) => one.chunks_without_vector === 0 && !one.rebuilding)) return status;
      if (Date.now() > until) throw new Error(`The Sidecar was not ready in time: ${JSON.stringify(status)}`);
      await new Promise((done) => setTimeout(done, 100));
    }
  };
  return server;
}

// The settings of the person who runs this have no business in it.
function withoutSettings() {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("SIDECAR_"));
  return { ...Object.fromEntries(inherited), SIDECAR_CONFIG: devNull, NO_COLOR: "1" };
}

async function waitForRuntime(server, child) {
  const until = Date.now() + START_MS;
  const file = join(server.machine.dataDir, "runtime.json");
  while (Date.now() < until) {
    if (child.exitCode !== null) throw new Error(`Sidecar ended at once:\n${server.log}`);
    try {
      const facts = JSON.parse(readFileSync(file, "utf8"));
      if (facts.pid === child.pid && (await fetch(`${facts.url.replace(/\/v1\/?$/, "")}/healthz`)).ok) return facts;
    } catch {
      // Not written yet, or not listening yet.
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`Sidecar did not start in time:\n${server.log}`);
}
