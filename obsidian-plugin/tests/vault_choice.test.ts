import { expect, test } from "vitest";
import { statusAnswer, type VaultStatus } from "../src/core/protocol/status";
import { chooseVault } from "../src/core/vault_choice";
import { contract } from "./contracts";

const [DEMO] = statusAnswer(contract("status").body, "status").vaults;
const vault = (name: string, path: string): VaultStatus => ({ ...DEMO!, name, path });
const chosen = (...given: Parameters<typeof chooseVault>): string => {
  const choice = chooseVault(...given);
  return choice.vault === null ? choice.why : choice.vault.name;
};

const NOTES = vault("Notes", "/home/ana/work/Notes");
const NOTES_2 = vault("Notes 2", "/home/ana/home/Notes");
const OTHER = vault("Other", "/home/ana/Other");

test.each<[string, string, VaultStatus[], { name: string; path: string | null; chosen?: string | null }, boolean]>([
  ["the folder counts", "Notes 2", [NOTES, NOTES_2], { name: "Notes", path: "/home/ana/home/Notes" }, true],
  ["a slash at its end is nothing", "Other", [OTHER], { name: "Other", path: "/home/ana/Other/" }, true],
  ["a vault of the same name in another folder is another vault", "none", [NOTES], { name: "Notes", path: "/home/ana/private/Notes" }, true],
  ["a server that sees other folders is asked by name", "Notes", [vault("Notes", "/vaults/Notes")], { name: "Notes", path: "/home/ana/Notes" }, false],
  ["by name from a phone", "Other", [NOTES, OTHER], { name: "Other", path: null }, false],
  ["two of one name are not told apart by name", "several", [NOTES, NOTES_2], { name: "Notes", path: null }, false],
  ["what the user chose counts", "Notes 2", [NOTES, NOTES_2], { name: "Notes", path: null, chosen: "Notes 2" }, false],
  ["what was chosen and is gone is none", "none", [NOTES], { name: "Notes", path: NOTES.path, chosen: "Old" }, true],
  ["Windows writes one folder in several ways", "W", [vault("W", "C:\\Users\\Ana\\W")], { name: "W", path: "c:/users/ana/w" }, true],
  ["a long Windows path", "W", [vault("W", "\\\\?\\C:\\W")], { name: "W", path: "C:\\W" }, true],
  ["the exact spelling goes first", "b", [vault("a", "/V"), vault("b", "/v")], { name: "v", path: "/v" }, true],
  ["accents in two forms", "é", [vault("é", "/v/e\u0301")], { name: "é", path: "/v/\u00e9" }, true],
  ["an archive goes by the server's name", "Export", [vault("Export", "/home/ana/Export.zip")], { name: "Export", path: null }, false],
  ["nothing is served", "none", [], { name: "Notes", path: null }, false],
])("%s", (_, expected, vaults, here, sameMachine) => {
  expect(chosen(vaults, here, sameMachine)).toBe(expected);
});
