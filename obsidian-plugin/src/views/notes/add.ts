/** Related notes, search by meaning, and notes that should be linked: views and commands. */
import type { Plugin } from "obsidian";
import type { Context } from "../../context";

export function addNotes(_plugin: Plugin, _context: Context): void {}
