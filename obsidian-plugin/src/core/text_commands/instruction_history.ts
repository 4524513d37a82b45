/** The instructions that were given lately, newest first, each once. */

const MOST = 20;

/** Read what was kept; whatever cannot be used is left out. */
export function readHistory(kept: unknown): string[] {
  return Array.isArray(kept) ? kept.filter((entry): entry is string => typeof entry === "string" && entry.trim() !== "").slice(0, MOST) : [];
}

export function withInstruction(history: readonly string[], instruction: string): string[] {
  const given = instruction.trim();
  return given === "" ? [...history] : [given, ...history.filter((entry) => entry !== given)].slice(0, MOST);
}
