import { expect, test } from "vitest";
import { KeptSettings } from "../src/settings/kept_settings";
import { DEFAULTS } from "../src/settings/settings";

/** A file as a shelf: what is saved is what is loaded next, and the saves are remembered. */
function file(content: string) {
  const saves: string[] = [];
  return {
    saves,
    put: (next: string) => (content = next),
    loadData: () => Promise.resolve().then(() => JSON.parse(content) as unknown),
    saveData: (data: unknown) => Promise.resolve().then(() => void saves.push((content = JSON.stringify(data)))),
  };
}

test("a file that is no JSON leaves the defaults and is not touched", async () => {
  const shelf = file('{"ask": {"model": "va');
  const kept = new KeptSettings(shelf);
  await kept.load();
  expect([kept.value, kept.readable, shelf.saves]).toEqual([DEFAULTS, false, []]);
  await kept.save({ ask: { notes: "always" } });
  expect(kept.readable).toBe(true);
  expect(JSON.parse(shelf.saves[0] ?? "")).toMatchObject({ version: 1, ask: { notes: "always" } });
});

test("listeners hear of changes, and of a file that a sync replaced, but not of the same again", async () => {
  const shelf = file("null");
  const kept = new KeptSettings(shelf);
  await kept.load();
  const heard: string[] = [];
  const stop = kept.listen((settings) => heard.push(settings.prompts.folder));
  await kept.save({ prompts: { folder: "Mine" } });
  await kept.save({ prompts: { folder: "Mine" } });
  shelf.put('{"prompts": {"folder": "Theirs"}}');
  await kept.load();
  stop();
  await kept.save({ prompts: { folder: "Nobody's" } });
  expect(heard).toEqual(["Mine", "Theirs"]);
});

test("saves that overlap end with the last one", async () => {
  const shelf = file("null");
  const kept = new KeptSettings(shelf);
  await Promise.all(["a", "b", "c"].map((folder) => kept.save({ ask: { folder } })));
  expect(shelf.saves.map((text) => (JSON.parse(text) as typeof DEFAULTS).ask.folder)).toEqual(["a", "b", "c"]);
});

test("a save that failed is told, and does not stop the next", async () => {
  const shelf = file("null");
  const works = shelf.saveData;
  shelf.saveData = () => Promise.reject(new Error("disk full"));
  const kept = new KeptSettings(shelf);
  await expect(kept.save({ ask: { folder: "a" } })).rejects.toThrow("disk full");
  shelf.saveData = works;
  await kept.save({ ask: { folder: "b" } });
  expect(shelf.saves).toHaveLength(1);
});
