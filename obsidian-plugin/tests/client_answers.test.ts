import { expect, test } from "vitest";
import { readFileSync } from "node:fs";
import { readAnswer } from "../src/core/clients/read_answer";
import { Unreadable, type Got, type UnreadableKind } from "../src/core/clients/unreadable";

interface Case {
  readonly reads: string;
  readonly pieces: readonly (string | { readonly base64: string })[];
  readonly model: string | null;
  readonly gives?: { readonly got: Got };
  readonly fails?: { readonly kind: UnreadableKind; readonly told: string };
}

/** Held by the server's own readers as well. */
const cases = JSON.parse(readFileSync(new URL("../../tests/contract/client_answers.json", import.meta.url), "utf8")) as Case[];
const bytes = (piece: Case["pieces"][number]) => (typeof piece === "string" ? Buffer.from(piece) : Buffer.from(piece.base64, "base64"));
const outcome = ({ reads, pieces, model }: Case) => {
  try {
    return readAnswer(reads, pieces.map((piece) => new Uint8Array(bytes(piece))), model);
  } catch (error) {
    return error;
  }
};

test.each(cases.filter((each) => each.gives))("$reads reads a sound answer", (each) => {
  expect(outcome(each)).toEqual(each.gives?.got);
});

test.each(cases.filter((each) => each.fails))("$reads chokes where its programs would: $fails.told", (each) => {
  const thrown = outcome(each);
  expect(thrown).toBeInstanceOf(Unreadable);
  expect((thrown as Unreadable).kind).toBe(each.fails?.kind);
});

test.each(["[".repeat(500_000), "\n\n".repeat(500_000) + "data: [DONE]\n\n"])("an answer made to exhaust is refused quickly", (body) => {
  for (const reads of new Set(cases.map((each) => each.reads))) expect(outcome({ reads, pieces: [body], model: null })).toBeInstanceOf(Unreadable);
});

test("a way of reading that is not known is no answer", () => {
  expect(outcome({ reads: "constructor", pieces: [], model: null })).toMatchObject({ kind: "odd" });
});
