/** The module that the plugin's `require("obsidian")` gets. */
import { AbstractInputSuggest, PopoverSuggest } from "./suggestions";
import { App } from "./app";
import { CapacitorAdapter, FileSystemAdapter } from "./disk";
import { Editor } from "./editor";
import { Component, Events } from "./events";
import { FileManager } from "./file_manager";
import { normalizePath, TAbstractFile, TFile, TFolder } from "./files";
import { prepareFuzzySearch, prepareSimpleSearch, renderMatches, renderResults, sortSearchResults } from "./fuzzy";
import { HoverPopover } from "./hover";
import { addIcon, getIcon, getIconIds, removeIcon, setIcon } from "./icons";
import { Keymap, Scope } from "./keymap";
import { language } from "./language";
import { WorkspaceLeaf } from "./leaf";
import { MarkdownRenderChild, MarkdownRenderer, sanitizeHTMLToDom } from "./markdown";
import { MarkdownView } from "./markdown_view";
import { Menu, MenuItem, MenuSeparator } from "./menu";
import { getAllTags, getLinkpath, MetadataCache, parseFrontMatterAliases, parseFrontMatterEntry, parseFrontMatterStringArray, parseFrontMatterTags, parseLinktext, resolveSubpath, stripHeading, stripHeadingForLink } from "./metadata";
import { FuzzySuggestModal, Modal, SuggestModal } from "./modal";
import { request, requestUrl } from "./network";
import { Notice } from "./notice";
import { frontmatterOf } from "./note_structure";
import { Platform } from "./platform";
import { Plugin } from "./plugin";
import { SecretStorage } from "./secrets";
import * as settings from "./settings";
import { debounce } from "./timing";
import { setTooltip } from "./tooltip";
import { Vault } from "./vault";
import { EditableFileView, FileView, ItemView, TextFileView, View } from "./views";
import { Workspace } from "./workspace";
import { parseYaml, stringifyYaml } from "./yaml";

export const apiVersion = "1.11.4";

export const obsidian = {
  ...settings,
  AbstractInputSuggest, App, CapacitorAdapter, Component, EditableFileView, Editor, Events, FileManager, FileSystemAdapter, FileView, FuzzySuggestModal, HoverPopover, ItemView,
  Keymap, MarkdownRenderChild, MarkdownRenderer, MarkdownView, Menu, MenuItem, MenuSeparator, MetadataCache, Modal, Notice, Platform, Plugin, PopoverSuggest, Scope, SecretStorage,
  SuggestModal, TAbstractFile, TFile, TFolder, TextFileView, Vault, View, Workspace, WorkspaceLeaf,
  addIcon, apiVersion, debounce, getAllTags, getFrontMatterInfo: frontmatterOf, getIcon, getIconIds, getLanguage: (): string => language.tag, getLinkpath, normalizePath, parseLinktext,
  parseFrontMatterAliases, parseFrontMatterEntry, parseFrontMatterStringArray, parseFrontMatterTags, parseYaml, prepareFuzzySearch, prepareSimpleSearch, removeIcon, renderMatches, renderResults, request, requestUrl, requireApiVersion: (version: string): boolean => !isNewer(version),
  resolveSubpath, sanitizeHTMLToDom, setIcon, setTooltip, sortSearchResults, stringifyYaml, stripHeading, stripHeadingForLink,
  arrayBufferToBase64: (buffer: ArrayBuffer): string => btoa(String.fromCharCode(...new Uint8Array(buffer))),
  base64ToArrayBuffer: (text: string): ArrayBuffer => Uint8Array.from(atob(text), (char) => char.charCodeAt(0)).buffer,
  arrayBufferToHex: (buffer: ArrayBuffer): string => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
};

function isNewer(version: string): boolean {
  const [ours, theirs] = [apiVersion, version].map((text) => text.split(".").map(Number));
  for (let at = 0; at < 3; at += 1) if ((theirs?.[at] ?? 0) !== (ours?.[at] ?? 0)) return (theirs?.[at] ?? 0) > (ours?.[at] ?? 0);
  return false;
}
