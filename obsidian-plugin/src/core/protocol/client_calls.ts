/** The requests that another program sends, as `GET /console/clients` tells them: what a test of its settings repeats. */
import { anything, dictionary, fields, flag, nullable, number, text, type Read } from "./shape";

export const clientCall = fields({
  does: text,
  method: text,
  url: text,
  headers: dictionary(text),
  body: anything,
  reads: text,
  model: nullable(text),
  page: flag,
  keyless: flag,
  writes: flag,
  within: nullable(number),
});
/** `reads` names what the program makes of the answer, `model` what its list of models has to hold, `within` its patience in seconds. */
export type ClientCall = Read<typeof clientCall>;
