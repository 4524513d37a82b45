/** Small files outside the vault, by Node, which is there on the desktop alone: `runtime.json` and the token. */
import { Platform } from "obsidian";
import type { Machine } from "../core/datafolder";
import type { FileReader } from "../core/discovery";
import { readSmall } from "./small_file";

type NodeFiles = typeof import("node:fs/promises");
type NodeSystem = typeof import("node:os");
type NodeProcess = Pick<typeof import("node:process"), "platform" | "env">;

/** What the desktop has and a phone has not. */
export interface Desktop extends FileReader {
  readonly machine: Machine;
  /** The folder with links resolved; itself where that cannot be done. */
  real(path: string): Promise<string>;
}

/** `null` on a phone or tablet. */
export function desktop(): Desktop | null {
  if (!Platform.isDesktopApp) return null;
  const files = loaded<NodeFiles>("node:fs/promises");
  const system = loaded<NodeSystem>("node:os");
  const { platform, env } = loaded<NodeProcess>("node:process");
  const known = platform === "darwin" || platform === "win32" ? platform : "linux";
  return {
    machine: { platform: known, home: system.homedir(), environ: env },
    read: (path) => readSmall(files, path),
    real: (path) => files.realpath(path).catch(() => path),
  };
}

function loaded<Module>(name: string): Module {
  // eslint-disable-next-line @typescript-eslint/no-require-imports, no-undef -- an import would keep a phone from loading the whole bundle
  return require(name) as Module;
}
