import type { Linter } from "eslint";
export const BELOW_THE_LINE: string;
export const forPhones: Linter.Config;
export const line: Linter.Config;
