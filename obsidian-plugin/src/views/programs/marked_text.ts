/** The little Markdown that the server's sentences have: strong words and code. Everything else is text. */

export function markedText(parent: HTMLElement, text: string): void {
  for (const part of text.split(/(\*\*[^*]+\*\*|`[^`]+`)/)) {
    if (part.startsWith("**") && part.length > 4) parent.createEl("strong", { text: part.slice(2, -2) });
    else if (part.startsWith("`") && part.length > 2) parent.createEl("code", { text: part.slice(1, -1) });
    else parent.appendText(part);
  }
}
