// What the node clients share: a service to talk to, a list of calls, and one line of JSON at the end.
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";

export const service = JSON.parse(await text(process.stdin));
export const base = `${service.url}/v1`;
export const headers = { authorization: `Bearer ${service.key}` };
export const asked = [{ role: "user", content: service.question }];
export const colours = {
  type: "object",
  properties: { colour: { type: "string", enum: ["red", "blue"] } },
  required: ["colour"],
  additionalProperties: false,
};

const DEADLINE = 60_000;
const results = [];

/** Make a call, and remember what became of it under the name that the page of clients gives it. */
export async function call(name, action) {
  let problem = null;
  let timer;
  // Node ends without a word when a promise is never settled and nothing else is left to do; the timer is something.
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not settled after ${DEADLINE / 1000} s`)), DEADLINE);
  });
  try {
    await Promise.race([action(), late]);
  } catch (error) {
    problem = `${error?.stack ?? error}${error?.cause ? `\n  cause: ${error.cause}` : ""}`.slice(0, 4000);
  }
  clearTimeout(timer);
  results.push({ call: name, problem });
}

/** Print what became of every call, with the version of the package that made them. */
export function report() {
  const file = new URL(`node_modules/${service.package}/package.json`, import.meta.url);
  const { version } = JSON.parse(readFileSync(file, "utf8"));
  process.stdout.write(`\n${JSON.stringify({ version, results })}\n`, () => process.exit(0));
}

export async function collect(iterable) {
  const items = [];
  for await (const item of iterable) items.push(item);
  return items;
}

export function painted(args) {
  const { colour } = typeof args === "string" ? JSON.parse(args) : args;
  if (!colours.properties.colour.enum.includes(colour)) throw new Error(`painted ${colour}`);
}
