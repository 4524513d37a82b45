/** An answer that another program could not use, by kind; and what one got from an answer that it can, without a word of it. */

/**
 * | kind | it means |
 * |--|--|
 * | empty | there is no text in it |
 * | no_models | the list of models is empty |
 * | no_model | the list lacks the model that is set; `values.model` |
 * | no_end | the stream ends without its end |
 * | no_reason | the stream does not say why it ended |
 * | not_whole | the stream does not end with the whole response |
 * | goes_on | the stream goes on after its end |
 * | other_list | the list of models is not LM Studio's |
 * | base64 | the vectors are not in base64, as asked |
 * | vectors | the vectors are no numbers, are empty or differ in length |
 * | too_short | the answer was cut at the model's limit |
 * | no_json | the model did not answer with the JSON that is asked for |
 * | odd | the answer is not what the program expects |
 */
export type UnreadableKind =
  | "empty" | "no_models" | "no_model" | "no_end" | "no_reason" | "not_whole" | "goes_on" | "other_list" | "base64" | "vectors" | "too_short" | "no_json" | "odd";

export class Unreadable extends Error {
  constructor(readonly kind: UnreadableKind, readonly values: Readonly<Record<string, string>> = {}) {
    super(kind);
    this.name = "Unreadable";
  }
}

/** What was got. `pieces` is how many a stream came in, where that counts. */
export type Got =
  | { readonly kind: "models"; readonly count: number }
  | { readonly kind: "answer"; readonly count: number; readonly pieces?: number }
  | { readonly kind: "answers"; readonly count: number }
  | { readonly kind: "vectors"; readonly count: number; readonly numbers: number }
  | { readonly kind: "abilities"; readonly names: string };

/** How long an answer is: its words may be from notes, and have no place in a test's outcome. */
export function said(text: string, pieces?: number): Got {
  if (text.trim() === "") throw new Unreadable("empty");
  const count = [...text].length;
  return pieces === undefined ? { kind: "answer", count } : { kind: "answer", count, pieces };
}
