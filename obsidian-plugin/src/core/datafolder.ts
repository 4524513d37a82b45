/** Where Sidecar's data folder lies on each system, as platformdirs names it for the server. */

export interface Machine {
  readonly platform: "linux" | "darwin" | "win32";
  readonly home: string;
  readonly environ: Readonly<Record<string, string | undefined>>;
}

/** How its folders are called. */
export const APP = "sidecar";

/** The folders to look in, the likeliest first; `set` is the one that the server's settings name. */
export function dataFolders(machine: Machine, set: string | null = null): readonly string[] {
  const { environ, platform, home } = machine;
  const named = absolute(environ["SIDECAR_DATA_DIR"], machine);
  const all = [named, set, ...(platform === "win32" ? onWindows(environ, home) : onUnix(environ, platform, home))];
  return [...new Set(all.filter((folder) => folder !== null))];
}

/** Join a folder and a name as the system writes paths. */
export function inside(folder: string, name: string): string {
  const separator = folder.includes("\\") && !folder.includes("/") ? "\\" : "/";
  return folder.replace(/[\\/]+$/, "") + separator + name;
}

/** A folder that the user typed, with `~` for the home. `null` for one that does not begin at the root. */
export function absolute(typed: string | undefined, { home, platform }: Machine): string | null {
  const trimmed = typed?.trim() ?? "";
  if (trimmed === "~") return home;
  if (/^~[\\/]/.test(trimmed)) return inside(home, trimmed.slice(2));
  const rooted = platform === "win32" ? /^([a-z]:[\\/]|\\\\)/i : /^\//;
  return rooted.test(trimmed) ? trimmed : null;
}

function onWindows(environ: Machine["environ"], home: string): string[] {
  return [inside(environ["LOCALAPPDATA"] || inside(inside(home, "AppData"), "Local"), APP)];
}

function onUnix(environ: Machine["environ"], platform: Machine["platform"], home: string): string[] {
  const usual = platform === "darwin" ? "Library/Application Support" : ".local/share";
  const set = environ["XDG_DATA_HOME"] ?? "";
  // A sandbox such as Flatpak's gives Obsidian an XDG_DATA_HOME of its own, so the usual folder is looked into as well.
  return [...(set.startsWith("/") ? [inside(set, APP)] : []), inside(inside(home, usual), APP)];
}
