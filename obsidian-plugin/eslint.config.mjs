// Obsidian's own rules for plugins, and the line below which nothing knows Obsidian.
import obsidianmd from "eslint-plugin-obsidianmd";
import { defineConfig, globalIgnores } from "eslint/config";
import { forPhones, line } from "./line.mjs";

export default defineConfig([
  globalIgnores(["node_modules", "main.js", "*.mjs", "*.mts", "*.config.*", "preview", "stand-in", "browser", "tests"]),
  ...obsidianmd.configs.recommended,
  {
    files: ["src/**/*.ts"],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
  },
  { files: ["src/**/*.ts"], ...forPhones },
  { files: ["src/core/**/*.ts"], ...line },
]);
