/** The view in which the vault is asked, and its commands. */
import type { Plugin } from "obsidian";
import type { Context } from "../../context";

export function addAsk(_plugin: Plugin, _context: Context): void {}
