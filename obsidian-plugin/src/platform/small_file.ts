/** Reads a small text file that another program may put in place at any moment. */

type NodeFiles = Pick<typeof import("node:fs/promises"), "stat" | "readFile">;

// A token has up to 512 characters, runtime.json a line for each vault.
const LONGEST = 65_536;

/** `null` for what is not there, no file, too long, or not to be read. */
export async function readSmall(files: NodeFiles, path: string): Promise<string | null> {
  try {
    // Opening a pipe would wait for who writes to it.
    const found = await files.stat(path);
    if (!found.isFile() || found.size > LONGEST) return null;
    return await files.readFile(path, "utf8");
  } catch {
    return null;
  }
}
