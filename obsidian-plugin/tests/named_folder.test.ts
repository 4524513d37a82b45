import { expect, it } from "vitest";
import { NamedFolder } from "../src/settings/named_folder";
import { readSettings } from "../src/settings/settings";

function device(): { kept: Map<string, unknown>; folder: NamedFolder } {
  const kept = new Map<string, unknown>();
  const folder = new NamedFolder({
    loadLocalStorage: (key) => kept.get(key) ?? null,
    saveLocalStorage: (key, value) => void (value === null ? kept.delete(key) : kept.set(key, value)),
  });
  return { kept, folder };
}

it("is kept on the device until it is taken back", () => {
  const { kept, folder } = device();
  expect(folder.value).toBe("");
  folder.keep(" /srv/sidecar ");
  expect(folder.value).toBe("/srv/sidecar");
  folder.keep("");
  expect([folder.value, kept.size]).toEqual(["", 0]);
});

it("is the usual one when something else was kept", () => {
  const { kept, folder } = device();
  folder.keep("/srv/sidecar");
  for (const key of kept.keys()) kept.set(key, { path: "/etc" });
  expect(folder.value).toBe("");
});

it("does not come from the synchronised settings", () => {
  expect(readSettings({ connection: { folder: "/somebody/else" } }).connection).not.toHaveProperty("folder");
});
