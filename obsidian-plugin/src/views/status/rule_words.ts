/** Why a file is left out, in the user's language: the server's rules by name. */
import { ENTRIES, type Key, type Texts } from "../../core/texts/texts";

const OWN_MARKS = ["private: true", "private:: true", "sidecar: false", "sidecar:: false", "#private"];

/** Say a rule as the server names it, such as `hidden` or `glob: drafts/**`. */
export function ruleWords(texts: Texts, rule: string): string {
  if (OWN_MARKS.includes(rule)) return texts("rule.own", { rule });
  const colon = rule.indexOf(": ");
  const name = `rule.${(colon < 0 ? rule : rule.slice(0, colon)).replaceAll("-", "_")}`;
  if (!Object.hasOwn(ENTRIES, name)) return texts("rule.other", { rule });
  return texts(name as Key, { detail: colon < 0 ? "" : rule.slice(colon + 2) });
}
