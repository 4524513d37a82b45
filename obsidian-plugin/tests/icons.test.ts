/** Every icon that the source names is one that Obsidian has: the stand-in draws those, and no others. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { getIconIds } from "../stand-in/icons";

/** Which argument of a function is an icon's name; -1 is the last. */
const ARGUMENT: Readonly<Record<string, number>> = { setIcon: -1, iconButton: 1, addRibbonIcon: 0, drawSwitch: 1, drawButton: 1, drawNamed: 1, chip: 0, adding: 1, entry: 1 };
const SOURCE = join(import.meta.dirname, "../src");

/** The texts that an expression may stand for, as far as it says. */
function texts(node: ts.Expression | undefined): string[] {
  if (node === undefined) return [];
  if (ts.isStringLiteral(node)) return [node.text];
  if (ts.isConditionalExpression(node)) return [...texts(node.whenTrue), ...texts(node.whenFalse)];
  if (ts.isBinaryExpression(node)) return texts(node.right);
  if (ts.isAsExpression(node) || ts.isSatisfiesExpression(node)) return texts(node.expression);
  if (ts.isObjectLiteralExpression(node)) return node.properties.flatMap((each) => (ts.isPropertyAssignment(each) ? texts(each.initializer) : []));
  return [];
}

function iconsIn(node: ts.Node): string[] {
  const below: string[] = [];
  ts.forEachChild(node, (child) => void below.push(...iconsIn(child)));
  if (ts.isCallExpression(node)) {
    const name = ts.isPropertyAccessExpression(node.expression) ? node.expression.name.text : node.expression.getText();
    const place = ARGUMENT[name];
    if (place !== undefined) below.push(...texts(node.arguments.at(place)));
  }
  if (ts.isPropertyAssignment(node) && node.name.getText() === "icon") below.push(...texts(node.initializer));
  if (ts.isVariableDeclaration(node) && /ICONS?$/.test(node.name.getText())) below.push(...texts(node.initializer));
  if (ts.isBinaryExpression(node) && /\.icon$/.test(node.left.getText())) below.push(...texts(node.right));
  return below.filter((text) => /^[a-z]/.test(text) && !/[. ]/.test(text));
}

const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
const used = files.flatMap((name) => iconsIn(ts.createSourceFile(name, readFileSync(join(SOURCE, name), "utf8"), ts.ScriptTarget.ES2022, true)).map((icon) => [name, icon] as const));

test("icons are found where they are named", () => {
  expect(new Set(used.map(([, icon]) => icon)).size).toBeGreaterThan(35);
});

test.each([...new Map(used.map((each) => [each.join(" "), each])).values()])("%s: %s", (_, icon) => {
  expect(getIconIds()).toContain(`lucide-${icon}`);
});
