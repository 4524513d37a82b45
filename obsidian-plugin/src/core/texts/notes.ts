import type { Section } from "./section";

export const NOTES = {} satisfies Section;
