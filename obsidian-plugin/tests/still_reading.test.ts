import { expect, it } from "vitest";
import { textsFor } from "../src/core/texts/texts";
import { stillReading } from "../src/views/notes/search_status";

type Given = Parameters<typeof stillReading>[0];

function told(vault: { files: number; pending: number } | null, tag = "en"): string {
  const state = { kind: "online", vault };
  return stillReading({ connection: { state }, texts: textsFor(tag) } as unknown as Given);
}

it("says how far the server is while files are pending", () => {
  expect(told({ files: 3_000, pending: 400 })).toContain("2,600");
  expect(told({ files: 3_000, pending: 400 }, "fr")).toMatch(/2\s600/u);
});

it("says nothing once all files are dealt with, or where the vault is not served", () => {
  expect(told({ files: 3_000, pending: 0 })).toBe("");
  expect(told(null)).toBe("");
});
