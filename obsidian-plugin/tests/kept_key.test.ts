import { beforeEach, describe, expect, it } from "vitest";
import { KeptKey } from "../src/core/kept_key";

const KEY = "a-key-of-the-phone";
const HOUSE = "https://house.tail1234.ts.net";

describe("the kept key", () => {
  let secrets: Map<string, string>;
  let kept: KeptKey;

  beforeEach(() => {
    secrets = new Map();
    kept = new KeptKey({ getSecret: (id) => secrets.get(id) ?? null, setSecret: (id, secret) => void secrets.set(id, secret) });
  });

  it("goes to the address that it was typed in for, however that is written", () => {
    kept.keep(` ${KEY}\n`, `${HOUSE}/v1/`);
    expect(kept.forAddress(HOUSE)).toBe(KEY);
    expect(kept.forAddress("https://HOUSE.tail1234.ts.net/")).toBe(KEY);
  });

  it.each(["https://other.example", "http://house.tail1234.ts.net", "https://house.tail1234.ts.net:8443", "https://house.tail1234.ts.net.evil.example", "", "no address"])(
    "does not go to %j, which another device may have set",
    (address) => {
      kept.keep(KEY, HOUSE);
      expect(kept.forAddress(address)).toBeNull();
    },
  );

  it("belongs to the address that is typed in after it", () => {
    kept.keep(KEY, "");
    expect(kept.forAddress(HOUSE)).toBeNull();
    kept.typed(HOUSE);
    expect(kept.forAddress(HOUSE)).toBe(KEY);
    kept.typed("https://other.example");
    expect(kept.forAddress("https://other.example")).toBeNull();
  });

  it("may go to any address of this machine, where the server proves itself first", () => {
    kept.keep(KEY, "http://127.0.0.1:8484");
    expect(kept.forAddress("localhost:9000")).toBe(KEY);
    expect(kept.forAddress(HOUSE)).toBeNull();
  });

  it("is forgotten with its address", () => {
    kept.keep(KEY, HOUSE);
    kept.keep("", HOUSE);
    expect(kept.forAddress(HOUSE)).toBeNull();
    expect([...secrets.values()].join("")).toBe("");
  });
});
