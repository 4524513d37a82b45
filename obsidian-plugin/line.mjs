// The line below which nothing knows Obsidian: what ESLint holds src/core to.
import { dirname, relative, resolve } from "node:path";

export const BELOW_THE_LINE = "src/core is below the line: it knows neither Obsidian nor Node nor the page, so that it runs wherever a test runs.";
const CORE = resolve(import.meta.dirname, "src/core");
/** What the page, Obsidian or Node puts there for everybody; what of it is needed is handed in. */
const NOT_THERE = [
  ...["window", "self", "globalThis", "global", "activeWindow", "document", "activeDocument", "navigator", "location", "process", "require", "Buffer", "app"],
  ...["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "requestAnimationFrame", "requestIdleCallback", "performance", "sleep"],
  ...["fetch", "XMLHttpRequest", "WebSocket", "EventSource", "Worker", "localStorage", "sessionStorage", "indexedDB", "crypto", "console"],
  ...["createEl", "createDiv", "createSpan", "createFragment", "alert", "confirm", "prompt"],
];

/** What core imports, exports again or takes a type from, at once or later, lies in core. */
const staysInCore = {
  create(context) {
    const check = ({ source }) => {
      if (source === null || source === undefined) return;
      const place = source.value;
      const inside = typeof place === "string" && place.startsWith(".") && !relative(CORE, resolve(dirname(context.filename), place)).startsWith("..");
      if (!inside) context.report({ node: source, message: BELOW_THE_LINE });
    };
    return { ImportDeclaration: check, ExportNamedDeclaration: check, ExportAllDeclaration: check, ImportExpression: check, TSImportType: check };
  },
};

/** iOS before 16.4 reads no lookbehind: one such pattern keeps the whole bundle from being loaded there. */
export const forPhones = {
  rules: {
    "no-restricted-syntax": ["error", { selector: "Literal[regex.pattern=/\\(\\?<[=!]/]", message: "iOS before 16.4 reads no lookbehind, and then loads nothing of the plugin." }],
  },
};

/** The part of ESLint's configuration for files of core. */
export const line = {
  plugins: { line: { rules: { "stays-in-core": staysInCore } } },
  rules: {
    "line/stays-in-core": "error",
    "no-restricted-globals": ["error", ...NOT_THERE.map((name) => ({ name, message: BELOW_THE_LINE }))],
    "no-restricted-properties": ["error", { object: "Date", property: "now", message: BELOW_THE_LINE }, { object: "Math", property: "random", message: BELOW_THE_LINE }],
    "no-restricted-syntax": [...forPhones.rules["no-restricted-syntax"], { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: BELOW_THE_LINE }],
  },
};
