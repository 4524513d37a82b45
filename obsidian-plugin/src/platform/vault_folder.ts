/** A folder of the vault that the user named, as it is there, or made. */
import { normalizePath, type Vault } from "obsidian";

/** The folder's path as the vault has it. */
export async function madeFolder(vault: Vault, named: string): Promise<string> {
  const path = await asThere(vault, normalizePath(named));
  if (path !== "/" && vault.getFolderByPath(path) === null) await vault.createFolder(path);
  return path;
}

/** On Windows, macOS and Android `prompts` and `Prompts` are one folder, and making the second fails. */
async function asThere(vault: Vault, path: string): Promise<string> {
  let there = "";
  for (const name of path === "/" ? [] : path.split("/")) {
    const wanted = there === "" ? name : `${there}/${name}`;
    there = vault.getFolderByPath(wanted) === null && (await vault.adapter.exists(wanted)) ? (inAnyCase(vault, wanted) ?? wanted) : wanted;
  }
  return there === "" ? "/" : there;
}

function inAnyCase(vault: Vault, path: string): string | undefined {
  return vault.getAllFolders().find((folder) => folder.path.toLowerCase() === path.toLowerCase())?.path;
}
