import type { Section } from "./section";

export const TEXT_COMMANDS = {} satisfies Section;
