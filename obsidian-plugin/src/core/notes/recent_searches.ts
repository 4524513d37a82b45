/** The searches that led somewhere, the newest first. */

const MOST = 8;
const LONGEST = 200;

/** Read what was kept; what cannot be used is left out. */
export function readRecent(kept: unknown): readonly string[] {
  return Array.isArray(kept) ? kept.filter((each): each is string => typeof each === "string" && each !== "").slice(0, MOST) : [];
}

export function withRecent(recent: readonly string[], query: string): readonly string[] {
  const used = query.trim();
  if (used === "" || used.length > LONGEST) return recent;
  return [used, ...recent.filter((each) => each !== used)].slice(0, MOST);
}
