/**
 * Holds the stand-in to Obsidian's own types, when types are checked: nothing here runs. Members that begin with `_` are the
 * stand-in's inside; any other must be Obsidian's, or be named below as one that Obsidian has without documenting it.
 */
import type * as Real from "obsidian";
import type { obsidian } from "./obsidian";

type Ours = typeof obsidian;

/** Plain functions take and give what Obsidian's do. */
type Functions =
  | "addIcon" | "arrayBufferToBase64" | "arrayBufferToHex" | "base64ToArrayBuffer" | "getIcon" | "getIconIds" | "getFrontMatterInfo" | "getLanguage" | "getLinkpath" | "normalizePath"
  | "parseFrontMatterAliases" | "parseFrontMatterEntry" | "parseFrontMatterStringArray" | "parseFrontMatterTags" | "parseLinktext" | "parseYaml" | "prepareFuzzySearch" | "prepareSimpleSearch" | "removeIcon"
  | "renderMatches" | "renderResults" | "request" | "requestUrl" | "requireApiVersion" | "sanitizeHTMLToDom" | "setIcon" | "setTooltip" | "sortSearchResults" | "stringifyYaml" | "stripHeading" | "stripHeadingForLink";
type Misfits = { [Name in Functions]: Ours[Name] extends (typeof Real)[Name] ? never : Name }[Functions];

/** What the module exports, Obsidian's exports too. */
type InventedExports = Exclude<keyof Ours, keyof typeof Real>;

type Instance<T> = T extends abstract new (...args: never[]) => infer I ? I : never;
type Classes = { [Name in keyof Ours & keyof typeof Real]: Ours[Name] extends abstract new (...args: never[]) => unknown ? Name : never }[keyof Ours & keyof typeof Real];

/** Members that Obsidian has and plugins know, which its types leave out. */
type Undocumented = {
  App: "setting";
  Editor: "cm";
  Menu: "dom";
  MenuItem: "dom";
  Notice: "noticeEl";
  PopoverSuggest: "suggestEl";
  AbstractInputSuggest: "suggestEl";
  ProgressBarComponent: "progressBar" | "onChange";
  SearchComponent: "containerEl";
  SettingGroup: "groupEl" | "listEl";
  // Obsidian declares it on each kind that has a value to change.
  ValueComponent: "onChange";
  WorkspaceLeaf: "id" | "containerEl";
};
type Allowed<Name> = Name extends keyof Undocumented ? Undocumented[Name] : never;
type InventedMembers = { [Name in Classes]: Exclude<keyof Instance<Ours[Name]> & string, keyof Instance<(typeof Real)[Name]> | `_${string}` | Allowed<Name>> extends infer M extends string ? ([M] extends [never] ? never : `${Name}.${M}`) : never }[Classes];

type None<T extends never> = T;
export type Checked = [None<Misfits>, None<InventedExports>, None<InventedMembers>];
