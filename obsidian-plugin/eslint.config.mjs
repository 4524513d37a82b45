// Obsidian's own rules for plugins, and the line below which nothing knows Obsidian.
import obsidianmd from "eslint-plugin-obsidianmd";
import { defineConfig, globalIgnores } from "eslint/config";

const BELOW_THE_LINE = "src/core is below the line: it knows neither Obsidian nor Node nor the page, so that it runs wherever a test runs.";

export default defineConfig([
  globalIgnores(["node_modules", "main.js", "*.mjs", "*.config.*", "preview", "stand-in", "browser", "tests"]),
  ...obsidianmd.configs.recommended,
  {
    files: ["src/**/*.ts"],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
  },
  {
    files: ["src/core/**/*.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: [{ regex: "^(obsidian|electron|node:.*|@codemirror/.*)$", message: BELOW_THE_LINE }, { regex: "^(\\.\\./)+(?!core/)(views|commands|settings|obsidian|main)", message: BELOW_THE_LINE }] },
      ],
      "no-restricted-globals": [
        "error",
        ...["document", "window", "activeDocument", "activeWindow", "process", "setTimeout", "setInterval", "fetch", "localStorage", "navigator", "require"].map((name) => ({ name, message: BELOW_THE_LINE })),
      ],
    },
  },
]);
