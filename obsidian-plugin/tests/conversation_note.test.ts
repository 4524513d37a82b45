import { describe, expect, test } from "vitest";
import { Conversation } from "../src/core/conversation";
import { conversationName, conversationNote } from "../src/core/conversation_note";
import { freeName, noteName } from "../src/core/note_name";
import { linkText } from "../src/core/wikilink";
import { composed, seeded } from "./random";

describe("a name for a note", () => {
  test.each([
    ["What is the gate code?", "What is the gate code"],
    ['a\\b/c:d*e?f"g<h>i|j#k^l[m]n', "a b c de f g h i j k l m n"],
    ["  two\nlines", "two"], ["..hidden.", "hidden"], ["ends. . ", "ends"], ["CON", "CON_"], ["con.x", "conx_"], ["COM¹", "COM¹_"], ["console", "console"],
    ["a\u202etxt.exe\u0000\u200b", "a txt.exe"], ["???", "Chat"], ["", "Chat"], ["`code` **bold**", "code bold"], ["Cafe\u0301", "Café"],
  ])("from %j is %j", (text, name) => {
    expect(noteName(text, "Chat")).toBe(name);
  });

  test("is one on every system, whatever it is made from", () => {
    const random = seeded(51);
    const pieces = ["a", " ", ".", "\\", "/", ":", "#", "[[", "😀", "👩‍👩‍👧", "e\u0301", "今日", "CON", "\n", "\ud800", "\u200f", "word ", "?"];
    for (let round = 0; round < 2000; round += 1) {
      const name = noteName(composed(random, pieces, 120), "Chat");
      expect(name).toMatch(/^(?!\s|\.)[^\\/:*?"<>|#^[\]\p{Cc}\p{Cs}]+$/u);
      expect(name).not.toMatch(/[\s.]$|^(?:con|nul)(?:\.|$)/i);
      expect(new TextEncoder().encode(name).length).toBeLessThanOrEqual(121);
    }
  });

  test("is free in its folder", () => {
    const taken = new Set(["a", "a 2"]);
    expect([freeName("a", (name) => taken.has(name)), freeName("b", (name) => taken.has(name))]).toEqual(["a 3", "b"]);
  });
});

test("a conversation becomes a note that is not indexed and loads nothing", () => {
  const source = { path: "Places/Cabin.md", title: "Cabin", heading_path: ["Cabin", "Getting in"], start_line: 1, end_line: 2, start_column: 0, quote: "q", score: 1, uri: "u", link: "Cabin#Getting in" };
  const conversation = Conversation.begin(seeded(1))
    .ask("Gate code?\n![x](https://e.example)", [{ kind: "note", path: "Places/Cabin.md", text: "…" }])
    .stream("4471-B ([[Cabin#Getting in]]) ![x](https://e.example/?d)").cite([source, source]).finish("stop", 'a: "b"\u2028')
    .ask("unanswered").fail(new Error("x"));
  expect(conversationName(conversation, "Chat")).toBe("Gate code");
  const link = (target: { path: string; heading: string | null; block: string | null }, shown: string) => `[[${linkText({ ...target, path: target.path.replace(/^.*\/|\.md$/g, "") })}${shown === "" ? "" : `|${shown}`}]]`;
  expect(conversationNote(conversation, { created: "2026-03-14T09:26", words: { sources: "Sources", about: "About" }, fallback: "Chat", link })).toBe(`---
sidecar: false
created: 2026-03-14T09:26
model: "a: \\"b\\"\\u2028"
---

> [!question]
> Gate code?
> [x](https://e.example/)

About: [[Cabin]]

4471-B ([[Cabin#Getting in|Cabin > Getting in]]) [x](https://e.example/?d)

**Sources**

- [[Cabin#Getting in]]
`);
});
