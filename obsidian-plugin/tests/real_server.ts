/** Starts the real server that all tests of a run share, and lets it go on starting while those that do not need it run. */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { findPython, launch, stopped, type Place } from "./serving";
import { writer } from "./writer";

export type RealServer = { readonly missing: string } | (Place & { readonly missing: null; readonly data: string; readonly vault: string; readonly writer: string });

declare module "vitest" {
  export interface ProvidedContext {
    realServer: RealServer;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const found = findPython();
  if ("missing" in found) {
    console.warn(`Tests against a real server are skipped: ${found.missing}.`);
    project.provide("realServer", { missing: found.missing });
    return async () => undefined;
  }
  const place: Place = { python: found.python, folder: realpathSync(mkdtempSync(join(tmpdir(), "sidecar plugin "))) };
  const model = await writer();
  const server = launch(place, "shared", { config: `model = "extractive"\n\n[upstreams.writer]\nurl = "${model.url}/v1"\n` });
  project.provide("realServer", { ...place, missing: null, data: server.data, vault: server.vault, writer: model.url });
  return async () => {
    await stopped(server.process);
    await model.stop();
    rmSync(place.folder, { recursive: true, force: true });
  };
}
