import { describe, expect, test } from "vitest";
import { Problem } from "../src/core/problem";
import { baseUrl, isThisMachine, keyRule, portOf } from "../src/core/web_address";

test.each([
  ["http://127.0.0.1:8484", "http://127.0.0.1:8484"],
  ["  http://127.0.0.1:8484/ ", "http://127.0.0.1:8484"],
  ["http://127.0.0.1:8484/v1", "http://127.0.0.1:8484"],
  ["http://127.0.0.1:8484/v1/", "http://127.0.0.1:8484"],
  ["127.0.0.1:8484", "http://127.0.0.1:8484"],
  ["localhost:8484", "http://127.0.0.1:8484"],
  ["http://LOCALHOST:8484", "http://127.0.0.1:8484"],
  ["http://0.0.0.0:8484", "http://127.0.0.1:8484"],
  ["http://[::]:8484", "http://127.0.0.1:8484"],
  ["http://[::1]:8484", "http://[::1]:8484"],
  ["https://localhost:8484", "https://localhost:8484"],
  ["https://machine.tail1234.ts.net", "https://machine.tail1234.ts.net"],
  ["https://example.com:443/notes/v1/", "https://example.com/notes"],
])("%s is asked at %s", (typed, url) => {
  expect(baseUrl(typed)).toBe(url);
});

test.each(["", "   ", "http://", "ftp://a", "file:///etc/passwd", "javascript:alert(1)", "app://obsidian.md", "http://user:pass@a", "http://a?x=1", "http://a#b", "http://a b"])(
  "%j is no address",
  (typed) => {
    expect(() => baseUrl(typed)).toThrow(Problem);
  },
);

test.each([
  ["http://127.0.0.1:1", true],
  ["http://127.1:1", true],
  ["http://0x7f000001:1", true],
  ["http://127.8.9.10:1", true],
  ["http://[::1]:1", true],
  ["http://localhost:1", false],
  ["http://127.0.0.1.example.com:1", false],
  ["http://127.example.com", false],
  ["http://128.0.0.1", false],
  ["http://[::ffff:127.0.0.1]:1", false],
  ["http://10.0.0.1", false],
])("%s is this machine: %s", (url, here) => {
  expect(isThisMachine(url)).toBe(here);
});

describe("a key is sent", () => {
  test.each([
    ["http://127.0.0.1:8484", "never", "proved"],
    ["http://127.0.0.1:8484", "always", "proved"],
    ["https://127.0.0.1:8484", "always", "proved"],
    ["http://[::1]:8484", "https", "proved"],
    ["https://example.com", "https", "sent"],
    ["https://example.com", "always", "sent"],
    ["https://example.com", "never", "withheld"],
    ["http://example.com", "https", "withheld"],
    ["http://192.168.1.20:8484", "never", "withheld"],
    ["http://192.168.1.20:8484", "https", "withheld"],
    ["http://192.168.1.20:8484", "always", "sent"],
    ["http://localhost.example.com", "https", "withheld"],
  ] as const)("to %s with trust %s: %s", (url, trust, rule) => {
    expect(keyRule(url, trust)).toBe(rule);
  });
});

test("the port is the scheme's own when none is written", () => {
  expect(["http://a", "https://a", "http://a:1"].map(portOf)).toEqual([80, 443, 1]);
});
