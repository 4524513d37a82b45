/** The files of the contract with the server, which its own tests hold a live one to. */
import { readFileSync } from "node:fs";

export function contract<T = { body: unknown }>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../tests/contract/${name}.json`, import.meta.url), "utf8")) as T;
}
