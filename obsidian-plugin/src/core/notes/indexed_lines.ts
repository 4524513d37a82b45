/**
 * Whether the server's index has a note as its file is now, told by lines: nothing that the server sends of a note
 * says of which moment it is.
 *
 * Of 144 notes of two vaults, 9 had lines that are in their chunks and not below their frontmatter, or the other way
 * round: comments, and frontmatter that is searched. So what differed when all was at rest is let differ later.
 */

const RULER = /^-{3,}$/;

function linesOf(text: string): Set<string> {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return new Set(lines.filter((line) => line !== "" && !RULER.test(line)));
}

/** The lines that only one of the two has. */
export function differingLines(text: string, chunks: readonly string[]): ReadonlySet<string> {
  const written = linesOf(text);
  const indexed = linesOf(chunks.join("\n"));
  const differing = [...written].filter((line) => !indexed.has(line));
  return new Set([...differing, ...[...indexed].filter((line) => !written.has(line))]);
}

/** Whether nothing differs but what may. */
export function hasCaughtUp(differing: ReadonlySet<string>, usual: ReadonlySet<string>): boolean {
  return [...differing].every((line) => usual.has(line));
}
