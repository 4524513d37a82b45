/** Notes that were looked up, as text within a prompt. */

export interface Found {
  readonly link: string;
  readonly text: string;
}

/** Each under its link, so that an answer can name it. */
export function foundNotes(notes: readonly Found[]): string {
  return notes.map(({ link, text }) => `[[${link}]]\n${text.trim()}`).join("\n\n");
}
