import type { Section } from "./section";

export const ASK = {} satisfies Section;
