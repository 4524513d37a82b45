/** What a note is called where its folder does not matter. */

export function shownName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/\.md$/, "");
}
