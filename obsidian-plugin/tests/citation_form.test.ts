/** When a citation is shown by its number alone. */
import { describe, expect, it } from "vitest";
import { answerBlocks } from "../src/core/answer/blocks";
import { showsName } from "../src/views/ask/citation_form";

function named(markdown: string): boolean[] {
  const block = answerBlocks(markdown, null)[0];
  if (block?.kind !== "paragraph") throw new Error("not a paragraph");
  return block.inside.flatMap((part, place) => (part.kind === "citation" ? [showsName(block.inside, place)] : []));
}

describe("a citation is shown", () => {
  it.each([
    ["It was serviced in March. [[Boiler#Service]]", [false]],
    ["It was serviced in March [[Boiler#Service]].", [false]],
    ["It was serviced in March ([[Boiler]]).", [false]],
    ["It was serviced in March [[Boiler]], and again in May [[Home]].", [false, false]],
    ["It was serviced in March [[Boiler]] [[Home]].", [false, false]],
    ["See [[Boiler]].", [true]],
    ["As described in [[Boiler]].", [true]],
    ["Veja [[Boiler]].", [true]],
    ["Comme le dit la note [[Boiler]].", [true]],
    ["[[Boiler]] was serviced in March.", [true]],
    ["The boiler [[Boiler]] was serviced.", [true]],
    ["— [[Boiler]] (2025-01-02)", [true]],
    ["Two notes: [[Boiler]], [[Home]].", [true, true]],
  ])("%s", (markdown, expected) => expect(named(markdown)).toEqual(expected));
});
