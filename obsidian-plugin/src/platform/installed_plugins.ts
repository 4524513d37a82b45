/** Which plugins are installed in this vault, by their manifests. Only reads, and nothing but names. */
import type { Vault } from "obsidian";

/** By id, whether it is switched on; `null` where that cannot be told. */
export type InstalledPlugins = ReadonlyMap<string, boolean | null>;

export async function installedPlugins({ adapter, configDir }: Vault): Promise<InstalledPlugins> {
  const read = async (path: string): Promise<unknown> => {
    try {
      return JSON.parse(await adapter.read(path)) as unknown;
    } catch {
      return null;
    }
  };
  const enabled = await read(`${configDir}/community-plugins.json`);
  const folders = await adapter.list(`${configDir}/plugins`).then(({ folders: found }) => found, () => []);
  const ids = await Promise.all(folders.map(async (folder) => idOf(await read(`${folder}/manifest.json`))));
  const known = ids.filter((id) => id !== null);
  return new Map(known.map((id) => [id, Array.isArray(enabled) ? enabled.includes(id) : null]));
}

function idOf(manifest: unknown): string | null {
  const id = typeof manifest === "object" && manifest !== null && "id" in manifest ? manifest.id : null;
  return typeof id === "string" ? id : null;
}
