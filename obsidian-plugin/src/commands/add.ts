/** Commands on text: rewrite, summarise, translate, continue, and prompts of one's own. */
import type { Plugin } from "obsidian";
import type { Context } from "../context";

export function addTextCommands(_plugin: Plugin, _context: Context): void {}
