/** The answer without what models wrap around it: reasoning, a phrase before it, a fence or quotation marks around it.
 * Conservative: a wrapping that the original text has too is a part of the text and stays. */

// Of fences with a language, only these are wrappings: one with another language is code that was asked for.
const FENCED = /^(`{3,}|~{3,})[ \t]*(?:markdown|md|text|txt|plaintext|plain)?[ \t]*\n([\s\S]*?)\n?\1[ \t]*$/i;
const REASONING = /^\s*<think(?:ing)?>[\s\S]*?(?:<\/think(?:ing)?>|$)/i;
const PHRASE =
  /^(?:(?:sure|certainly|of course|okay|ok|claro|com certeza|por supuesto|certo|certamente|bien sûr|voici|d'accord)\b[^\n:]{0,80}|(?:here(?:'s|’s| is| are)|aqui está|aqui vai|segue|aquí (?:está|tienes|va)|ecco|voici)\b[^\n:]{0,80}):[ \t]*\n+/i;
const QUOTES: readonly (readonly [string, string])[] = [
  ['"', '"'],
  ["“", "”"],
  ["«", "»"],
  ["„", "“"],
];

/** Give the text that was asked for. `mark` is the name of the element in which the original was handed over. */
export function bareAnswer(answer: string, original: string, mark = ""): string {
  let text = answer.replaceAll("\r\n", "\n");
  if (!REASONING.test(original)) text = text.replace(REASONING, "");
  text = edges(text);
  if (mark !== "") text = edges(unmarked(text, mark));
  if (!PHRASE.test(original.trimStart())) text = edges(text.replace(PHRASE, ""));
  if (!/^[ \t]*(?:`{3,}|~{3,})/m.test(original)) text = edges(unfenced(text));
  return unquoted(text, original.trim());
}

function edges(text: string): string {
  return text.replace(/^(?:[ \t]*\n)+/, "").trimEnd();
}

function unmarked(text: string, mark: string): string {
  const open = `<${mark}>`;
  const close = `</${mark}>`;
  const opened = text.trimStart().startsWith(open) ? text.trimStart().slice(open.length) : text;
  return opened.endsWith(close) ? opened.slice(0, -close.length) : opened;
}

function unfenced(text: string): string {
  const found = FENCED.exec(text.trim());
  if (found === null) return text;
  const [, fence = "", inner = ""] = found;
  return inner.split("\n").some((line) => line.trimStart().startsWith(fence)) ? text : inner;
}

function unquoted(text: string, original: string): string {
  for (const [open, close] of QUOTES) {
    if (!text.startsWith(open) || !text.endsWith(close) || text.length < 3) continue;
    const inner = text.slice(1, -1);
    if (original.startsWith(open) || inner.includes(open) || inner.includes(close)) return text;
    return inner;
  }
  return text;
}
