/** A prompt as a note of the vault: what its frontmatter says, and its template. */
import { parseTemplate } from "./parse";
import { uses, type Template, type TemplateProblem } from "./template";

export const OUTPUTS = ["replace", "insert-after", "new-note", "ask-view"] as const;
/** Where the answer goes. */
export type PromptOutput = (typeof OUTPUTS)[number];
const NOTES = ["auto", "always", "never"] as const;

export interface Prompt {
  /** Where it comes from: the note's path, or the built-in prompt's name. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly icon: string | null;
  readonly output: PromptOutput;
  readonly notes: (typeof NOTES)[number];
  readonly model: string | null;
  readonly temperature: number | null;
  readonly system: string | null;
  readonly template: Template;
}

/** A property that cannot be understood. `allowed` are the values that it may have, empty where any of a type will do. */
export interface PropertyProblem {
  readonly key: "bad_property";
  readonly name: string;
  readonly allowed: readonly string[];
}
export type PromptProblem = PropertyProblem | TemplateProblem | { readonly key: "no_template" };

export interface PromptNote {
  readonly path: string;
  readonly text: string;
  /** The frontmatter, as Obsidian has read it. */
  readonly properties: Readonly<Record<string, unknown>>;
}

const FRONTMATTER = /^\ufeff?---[ \t]*\r?\n(?:[\s\S]*?\r?\n)?---[ \t]*(?:\r?\n|$)/;

/** Read a prompt; where something is wrong, `prompt` is null. Lines of problems are those of the note. */
export function readPrompt(note: PromptNote): { prompt: Prompt | null; problems: readonly PromptProblem[] } {
  const front = FRONTMATTER.exec(note.text)?.[0] ?? "";
  const parsed = parseTemplate(note.text.slice(front.length));
  const said = new Said(note.properties);
  const output = said.one("output", OUTPUTS);
  const notes = said.one("notes", NOTES);
  const temperature = said.number("temperature", 0, 2);
  const texts = { name: said.text("name"), description: said.text("description"), icon: said.text("icon"), model: said.text("model"), system: said.text("system") };
  const problems: PromptProblem[] = [...said.problems, ...parsed.problems.map((problem) => moved(problem, front))];
  if (note.text.slice(front.length).trim() === "") problems.push({ key: "no_template" });
  if (parsed.template === null || problems.length > 0) return { prompt: null, problems };
  const goes = output ?? outputFor(parsed.template);
  const asks = notes ?? (goes === "replace" || goes === "insert-after" ? "never" : "auto");
  const prompt = { id: note.path, output: goes, notes: asks, temperature, template: trimmed(parsed.template), ...texts };
  return { prompt: { ...prompt, name: texts.name ?? nameOf(note.path), description: texts.description ?? "" }, problems };
}

/** A prompt about the selection changes it, one about the text at the cursor goes on there; any other answers. */
export function outputFor(template: Template): PromptOutput {
  if (uses(template.nodes, "selection")) return "replace";
  return uses(template.nodes, "before") ? "insert-after" : "ask-view";
}

class Said {
  readonly problems: PropertyProblem[] = [];

  constructor(private readonly properties: Readonly<Record<string, unknown>>) {}

  text(name: string): string | null {
    const value = this.value(name);
    if (typeof value === "string" && value.trim() !== "") return value.trim();
    if (typeof value === "number") return String(value);
    return value === undefined || value === "" ? null : this.wrong(name, []);
  }

  one<T extends string>(name: string, allowed: readonly T[]): T | null {
    const value = this.value(name);
    const found = allowed.find((each) => each === (typeof value === "string" ? value.trim().toLowerCase() : value));
    return value === undefined ? null : (found ?? this.wrong(name, allowed));
  }

  number(name: string, least: number, most: number): number | null {
    const value = this.value(name);
    if (value === undefined) return null;
    return typeof value === "number" && value >= least && value <= most ? value : this.wrong(name, [`${least}–${most}`]);
  }

  private value(name: string): unknown {
    return Object.hasOwn(this.properties, name) ? (this.properties[name] ?? undefined) : undefined;
  }

  private wrong(name: string, allowed: readonly string[]): null {
    this.problems.push({ key: "bad_property", name, allowed });
    return null;
  }
}

function moved(problem: TemplateProblem, front: string): TemplateProblem {
  return { ...problem, offset: problem.offset + front.length, line: problem.line + front.split("\n").length - 1 };
}

/** Without the blank lines that stand below the frontmatter and at the end. */
function trimmed(template: Template): Template {
  const nodes = [...template.nodes];
  const first = nodes[0];
  if (first?.kind === "text") nodes[0] = { kind: "text", text: first.text.trimStart() };
  const last = nodes.at(-1);
  if (last?.kind === "text") nodes[nodes.length - 1] = { kind: "text", text: last.text.trimEnd() };
  return { nodes };
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/\.md$/i, "");
}
