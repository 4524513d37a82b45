export type Bundles = { manifest: { id: string; name: string; version: string } } & Record<string, unknown>;
export function buildAll(options?: { entry?: string }): Promise<Bundles>;
