import type { Bundles } from "./bundles.mjs";
import type { Machine } from "./sidecar.mjs";

export type PageServer = { url: string; origin: string; blocked: string[]; close(): Promise<void> };
export function servePage(bundles: Bundles, about: () => { machine: Machine; host: string }): Promise<PageServer>;
