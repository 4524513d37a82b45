/** Copies text where the window is in which somebody clicked: a popout has a clipboard of its own. */
import { Notice } from "obsidian";
import type { Texts } from "../core/texts/texts";

export async function copyText(from: Node, text: string, texts: Texts): Promise<boolean> {
  try {
    await from.win.navigator.clipboard.writeText(text);
    new Notice(texts("details.copied"));
    return true;
  } catch {
    new Notice(texts("details.not_copied"));
    return false;
  }
}
