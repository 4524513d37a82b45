/**
 * The settings as data, drawn in two ways from the same rows: by Obsidian itself from 1.13 on, which also finds them by its
 * search, and by the plugin's own tab before that.
 */
import { Setting } from "obsidian";

export interface Row {
  readonly name: string;
  readonly desc: string;
  /** Left out where it does not apply now; always there without. */
  readonly visible?: () => boolean;
  /** Puts the row's controls into it. The result, if any, is run when the row goes. */
  readonly render: (setting: Setting) => void | (() => void);
}

export interface Part {
  readonly heading: string;
  readonly rows: readonly Row[];
}

/** Draw all that is visible; the result ends what the rows follow. */
export function drawParts(parent: HTMLElement, parts: readonly Part[]): () => void {
  const ends: (() => void)[] = [];
  for (const { heading, rows } of parts) {
    new Setting(parent).setName(heading).setHeading();
    for (const { name, desc, visible, render } of rows) {
      if (visible?.() === false) continue;
      const end = render(new Setting(parent).setName(name).setDesc(desc));
      if (end !== undefined) ends.push(end);
    }
  }
  return () => {
    for (const end of ends) end();
  };
}

/** The same as Obsidian 1.13 wants it from `getSettingDefinitions`. */
export function definitionsOf(parts: readonly Part[]): readonly object[] {
  return parts.map(({ heading, rows }) => ({ type: "group", heading, items: rows.map((row) => ({ ...row })) }));
}
