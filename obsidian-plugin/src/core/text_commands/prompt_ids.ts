/** The ids of the commands of prompts: a prompt's first path, also after its note was renamed, so that a shortcut stays. */
import { freeName } from "../note_name";

/** Notes that are not called any more what their command is. */
export type PromptIds = readonly (readonly [path: string, id: string])[];

export function idOf(ids: PromptIds, path: string): string {
  return ids.find(([known]) => known === path)?.[1] ?? freeName(path, (id) => ids.some(([, taken]) => taken === id));
}

export function afterRename(ids: PromptIds, from: string, to: string): PromptIds {
  const id = idOf(ids, from);
  const others = ids.filter(([path]) => path !== from && path !== to);
  return id === to ? others : [...others, [to, id]];
}

export function afterDelete(ids: PromptIds, path: string): PromptIds {
  return ids.filter(([known]) => known !== path);
}
