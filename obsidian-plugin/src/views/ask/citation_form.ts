/** Whether a citation is shown as its number alone, or with the note's name because the sentence needs the name. */
import type { Inline } from "../../core/answer/inline";

// Words before a name: "as described in [[Boiler]]." English, Portuguese, Spanish, Italian, French, German.
const LEADING = new Set(
  (
    "a about and are as at by for from in is like named note notes of on or per see that the titled to under via was with your " +
    "ao aos da das de do dos e em na nas no nos nota o os ou para pela pelo por sobre ver veja à as " +
    "con del desde el en es la las los según un una véase y consulta " +
    "al alla alle ai che col dal dalla della delle di è il lo nei nel nella nelle per su sul sulla tra vedi " +
    "au aux avec chez dans des du et est le les ou par pour selon sur un une voir votre " +
    "aus bei das dem den der die ein eine im ist mit nach oder siehe und von vom zu zum zur"
  ).split(" "),
);

/** The citation at a place among what stands on its line. */
export function showsName(line: readonly Inline[], place: number): boolean {
  const citation = line[place];
  if (citation?.kind !== "citation" || citation.n === null) return true;
  const before = said(line.slice(0, place)).trimEnd();
  const after = said(line.slice(place + 1)).trimStart();
  if (before === "") return true;
  if (/[.!?…»”")\]]$/u.test(before) || (before.endsWith("(") && after.startsWith(")"))) return false;
  if (/[\p{L}\p{N}]/u.test(after[0] ?? "") || /[—–:,;/-]$/u.test(before)) return true;
  return LEADING.has(/[\p{L}']+$/u.exec(before)?.[0].toLowerCase() ?? "");
}

/** The words of a line; what is already a citation says nothing to the one beside it. */
export function said(line: readonly Inline[]): string {
  return line.map(words).join("");
}

function words(part: Inline): string {
  switch (part.kind) {
    case "text":
    case "code":
      return part.text;
    case "break":
      return "\n";
    case "citation":
      return part.n === null ? part.shown : "";
    case "footnote":
      return "";
    default:
      return said(part.inside);
  }
}
