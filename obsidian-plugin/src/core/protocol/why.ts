/** `GET /vault/why`: what became of a file, and why a query does not find it. */
import { score } from "./search";
import { fields, flag, list, nullable, number, text, type Read } from "./shape";

export const noteProblem = fields({ code: text, message: text, line: nullable(number) });
export type NoteProblem = Read<typeof noteProblem>;

const whyQuery = fields(
  { found: flag, shown: flag },
  {
    rank: number,
    pieces: number,
    score: number,
    lexical: nullable(number),
    matched: list(text),
    similarity: nullable(number),
    vector_weight: nullable(number),
    mentioned: flag,
    lanes: score.lanes,
    reasons: list(fields({ code: text, message: text })),
    filters: list(text),
    words: list(fields({ word: text, chunks: number, notes: number, in_note: flag, searched: flag })),
    words_rank: nullable(number),
    vector_rank: nullable(number),
  },
);
export type WhyQuery = Read<typeof whyQuery>;

export const whyAnswer = fields(
  {
    path: text,
    status: text,
    reason: nullable(text),
    explanation: nullable(text),
    candidates: list(text),
    problems: list(noteProblem),
    local: nullable(text),
  },
  { query: whyQuery },
);
/** `status` is `indexed`, `excluded`, `failed` or `unknown`; `reason` the rule, `explanation` a sentence in English. */
export type WhyAnswer = Read<typeof whyAnswer>;
