/** The ledger: which files are not indexed, or oddly, and why. Chosen by list, narrowed by a filter, a part at a time. */
import { debounce, TFile } from "obsidian";
import type { Context } from "../../context";
import type { LedgerList } from "../../core/client";
import { asProblem } from "../../core/problem";
import type { VaultStatus } from "../../core/protocol/status";
import { problemWords } from "../problem_words";
import { ruleWords } from "./rule_words";

interface Row {
  readonly path: string;
  readonly reason: string;
}

const LISTS: readonly LedgerList[] = ["excluded", "failed", "problems"];
const STEP = 100;

export class Ledger {
  private readonly select: HTMLSelectElement;
  private readonly filter: HTMLInputElement;
  private readonly count: HTMLElement;
  private readonly place: HTMLElement;
  private rows: Readonly<Record<LedgerList, readonly Row[]>> = { excluded: [], failed: [], problems: [] };
  private most = STEP;

  constructor(parent: HTMLElement, private readonly context: Context, private readonly opened: () => void) {
    const { texts } = context;
    parent.createEl("h3", { text: texts("ledger.title"), cls: "sidecar-part" });
    const bar = parent.createDiv({ cls: "sidecar-bar" });
    this.select = bar.createEl("select", { cls: "dropdown", attr: { "aria-label": texts("ledger.list") } });
    this.filter = bar.createEl("input", { type: "search", placeholder: texts("ledger.filter"), attr: { "aria-label": texts("ledger.filter"), spellcheck: "false" } });
    this.count = parent.createDiv({ cls: "sidecar-soft", attr: { role: "status" } });
    this.place = parent.createDiv();
    this.select.addEventListener("change", () => this.begin());
    this.filter.addEventListener("input", debounce(() => this.begin(), 120, true));
  }

  /** Ask the server anew. */
  async load(): Promise<void> {
    const { connection, texts } = this.context;
    if (this.place.childElementCount === 0) this.count.setText(texts("ledger.loading"));
    try {
      const client = connection.client();
      const name = connection.state.kind === "online" ? connection.state.vault?.name : undefined;
      const { vaults } = await client.status(LISTS);
      const vault = vaults.find((each) => each.name === name);
      if (vault !== undefined) this.take(vault);
    } catch (error) {
      this.count.setText(problemWords(texts, asProblem(error)).title);
    }
  }

  private take(vault: VaultStatus): void {
    const { texts } = this.context;
    const line = (number: number | null): string => (number === null ? "" : ` (${texts("ledger.line", { line: number })})`);
    this.rows = {
      excluded: (vault.excluded_files ?? []).map(({ path, rule }) => ({ path, reason: ruleWords(texts, rule) })),
      failed: (vault.failed_files ?? []).map(({ path, reason }) => ({ path, reason: reason ?? "" })),
      problems: (vault.problem_notes ?? []).map(({ path, problems }) => ({ path, reason: problems.map((each) => each.message + line(each.line)).join("; ") })),
    };
    this.offer();
    this.draw();
  }

  private offer(): void {
    const chosen = this.select.value;
    this.select.empty();
    for (const list of LISTS) this.select.createEl("option", { value: list, text: this.context.texts(`ledger.${list}`, { count: this.rows[list].length }) });
    this.select.value = chosen || (LISTS.find((list) => list !== "problems" && this.rows[list].length > 0) ?? "excluded");
  }

  private get list(): LedgerList {
    return LISTS.find((list) => list === this.select.value) ?? "excluded";
  }

  private begin(): void {
    this.most = STEP;
    this.draw();
  }

  private draw(): void {
    const { texts } = this.context;
    const all = this.rows[this.list];
    const wanted = this.filter.value.trim().toLocaleLowerCase();
    const found = all.filter(({ path, reason }) => `${path}\n${reason}`.toLocaleLowerCase().includes(wanted));
    this.count.setText(found.length > 0 ? texts("ledger.shown", { count: found.length }) : texts(all.length === 0 ? "ledger.none" : "ledger.none_matches"));
    this.place.empty();
    const list = this.place.createEl("ul", { cls: "sidecar-ledger" });
    for (const row of found.slice(0, this.most)) this.item(list, row);
    if (found.length > this.most) this.more();
  }

  private item(list: HTMLElement, { path, reason }: Row): void {
    const item = list.createEl("li");
    const file = this.context.app.vault.getAbstractFileByPath(path);
    // What is hidden, or lies elsewhere, Obsidian has no view for.
    if (file instanceof TFile) this.link(item, file);
    else item.createSpan({ text: path, cls: "sidecar-path" });
    item.createDiv({ text: reason, cls: "sidecar-soft" });
  }

  private link(item: HTMLElement, file: TFile): void {
    const link = item.createEl("a", { text: file.path, cls: "sidecar-path", href: "#" });
    link.addEventListener("click", (event) => {
      event.preventDefault();
      void this.context.app.workspace.getLeaf(event.ctrlKey || event.metaKey).openFile(file);
      this.opened();
    });
  }

  private more(): void {
    const button = this.place.createEl("button", { text: this.context.texts("ledger.more") });
    button.addEventListener("click", () => {
      const at = this.most;
      this.most += STEP;
      this.draw();
      this.place.querySelectorAll<HTMLElement>("li")[at]?.querySelector<HTMLElement>("a")?.focus();
    });
  }
}
