/** Fills in a template from where its values come: asks and looks up only what the template turns out to need. */
import { render, type Moment } from "./render";
import type { Template } from "./template";
import { wants, type FactName, type Want } from "./wants";

export type Question = Extract<Want, { kind: "question" }>;

/** Where the values of a template come from. */
export interface Values {
  fact(name: FactName): Promise<string> | string;
  /** A property of the note as text; empty where it has none. */
  property(name: string): string;
  /** At most so many characters around the cursor. */
  around(side: "before" | "after", count: number): string;
  /** Answers in the order of the questions; null when the user does not want to go on. */
  ask(questions: readonly Question[]): Promise<readonly string[] | null>;
  /** Notes near the current one, as text for the prompt. */
  related(count: number): Promise<string>;
  search(query: string, count: number): Promise<string>;
}

/** Fill in a template; null when the user did not want to go on. Facts come first, as the questions that wait for them are to
 * be asked together with the others; notes are looked up last, so that none are for a user who leaves. */
export async function fill(template: Template, values: Values, moment: Moment): Promise<string | null> {
  const known = new Map<string, string>();
  for (let wanted = wants(template.nodes, known, moment); wanted.length > 0; wanted = wants(template.nodes, known, moment)) {
    const facts = wanted.filter((want) => want.kind !== "question" && want.kind !== "notes");
    const questions = wanted.filter((want) => want.kind === "question");
    if (facts.length > 0) await look(facts, values, known);
    else if (questions.length > 0) {
      const answers = await values.ask(questions);
      if (answers === null) return null;
      questions.forEach((question, at) => known.set(question.key, answers[at] ?? ""));
    } else await look(wanted.filter((want) => want.kind !== "question"), values, known);
  }
  return render(template, known, moment);
}

async function look(wanted: readonly Exclude<Want, Question>[], values: Values, known: Map<string, string>): Promise<void> {
  await Promise.all(wanted.map(async (want) => void known.set(want.key, await looked(want, values))));
}

async function looked(want: Exclude<Want, Question>, values: Values): Promise<string> {
  switch (want.kind) {
    case "fact":
      return values.fact(want.name);
    case "property":
      return values.property(want.name);
    case "around":
      return values.around(want.side, want.count);
    case "notes":
      return want.query === null ? values.related(want.count) : values.search(want.query, want.count);
  }
}
