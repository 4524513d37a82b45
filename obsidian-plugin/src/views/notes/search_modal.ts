/** The window in which notes are searched for by what they mean. Owns the keys and what is chosen. */
import { Modal, setIcon } from "obsidian";
import { completionsFor, type Completion } from "../../core/notes/completion";
import { readRecent, withRecent } from "../../core/notes/recent_searches";
import { SearchFeed } from "../../core/notes/search_feed";
import type { SearchHit } from "../../core/protocol/search";
import type { Context } from "../../context";
import { composes } from "../composing";
import { NoteLinks, type Place } from "../note_links";
import { SearchOptions, type Option } from "./search_options";
import { drawHelp } from "./search_help";
import { drawSearchStatus } from "./search_status";
import { VaultVocabulary } from "./vault_vocabulary";

const RECENT = "sidecar-recent-searches";

export class SearchModal extends Modal {
  private readonly feed: SearchFeed;
  private readonly links: NoteLinks;
  private readonly vocabulary: VaultVocabulary;
  private unlisten: () => void = () => {};
  private input!: HTMLInputElement;
  private options!: SearchOptions;
  private status!: HTMLElement;
  private helpPlace!: HTMLElement;

  constructor(
    private readonly context: Context,
    private readonly beginWith = "",
  ) {
    super(context.app);
    this.links = new NoteLinks(context);
    this.vocabulary = new VaultVocabulary(context.app);
    this.feed = new SearchFeed({ client: () => context.connection.client() }, context.clock, () => this.draw());
  }

  override onOpen(): void {
    const { texts } = this.context;
    this.modalEl.addClass("sidecar-search");
    this.setTitle(texts("search.title"));
    this.drawInput();
    this.status = this.contentEl.createDiv({ cls: "sidecar-search-status", attr: { role: "status" } });
    this.options = new SearchOptions(this.contentEl, this.input, texts, { chosen: (option, event) => this.choose(option, event), context: (option, event) => this.menu(option, event) });
    this.helpPlace = this.contentEl.createDiv({ cls: "sidecar-search-help" });
    drawHelp(this.helpPlace, texts, {
      operator: (written) => this.write(`${this.input.value.trimEnd()} ${written}`.trimStart()),
      reasons: (shown) => this.options.showReasons(shown),
    });
    this.unlisten = this.context.connection.listen(() => this.connectionChanged());
    this.write(this.beginWith);
  }

  override onClose(): void {
    this.unlisten();
    this.feed.close();
    this.contentEl.empty();
  }

  private drawInput(): void {
    const { texts } = this.context;
    const row = this.contentEl.createDiv({ cls: "sidecar-search-row" });
    setIcon(row.createSpan({ cls: "sidecar-search-icon", attr: { "aria-hidden": "true" } }), "search");
    this.input = row.createEl("input", {
      cls: "sidecar-search-input",
      type: "text",
      placeholder: texts("search.placeholder"),
      attr: { role: "combobox", "aria-label": texts("search.title"), "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false", enterkeyhint: "search" },
    });
    this.input.addEventListener("input", () => this.feed.search(this.input.value));
    // Also where the cursor goes decides what can be completed.
    for (const event of ["keyup", "click"]) this.input.addEventListener(event, () => this.options.complete(this.completions()));
    this.input.addEventListener("keydown", (event) => this.key(event));
  }

  /** What could not be asked is asked when the server is back. */
  private connectionChanged(): void {
    if (this.feed.state.problem !== null) this.feed.search(this.input.value);
    else drawSearchStatus(this.status, this.feed.state, this.context);
  }

  private write(query: string, caret = query.length): void {
    this.input.value = query;
    this.input.setSelectionRange(caret, caret);
    this.input.focus();
    this.feed.search(query);
  }

  private draw(): void {
    const { state } = this.feed;
    drawSearchStatus(this.status, state, this.context);
    this.options.complete(this.completions());
    if (state.query === "") this.options.recent(this.recent());
    else if (state.found !== null) this.options.hits(state.found.hits);
    else if (state.problem !== null) this.options.hits([]);
  }

  private completions(): readonly Completion[] {
    return completionsFor(this.input.value, this.input.selectionStart ?? this.input.value.length, this.vocabulary);
  }

  private key(event: KeyboardEvent): void {
    if (composes(event)) return;
    const { active } = this.options;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") this.options.move(event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Tab" && !event.shiftKey && active?.kind === "completion") this.choose(active, event);
    else if (event.key === "Enter" && active !== null) this.choose(active, event);
    else return;
    event.preventDefault();
  }

  private choose(option: Option, event: MouseEvent | KeyboardEvent): void {
    if (option.kind === "completion") return this.write(option.completion.query, option.completion.caret);
    if (option.kind === "recent") return this.write(option.query);
    this.keepRecent();
    const insert = event.altKey && event.type === "keydown" && !event.ctrlKey && !event.metaKey;
    if (event.type !== "auxclick" && !insert) this.close();
    if (!insert) return void this.links.open(placeOf(option.hit), event, lineOf(option.hit));
    this.close();
    this.links.insert(placeOf(option.hit));
  }

  private menu(option: Option, event: MouseEvent): void {
    if (option.kind === "hit") this.links.menu(event, placeOf(option.hit));
  }

  private recent(): readonly string[] {
    return readRecent(this.app.loadLocalStorage(RECENT));
  }

  private keepRecent(): void {
    this.app.saveLocalStorage(RECENT, [...withRecent(this.recent(), this.input.value)]);
  }
}

/** Where a hit is: under its heading, as its wikilink says. */
function placeOf(hit: SearchHit): Place {
  const hash = hit.link.indexOf("#");
  return { path: hit.path, subpath: hash < 0 ? "" : hit.link.slice(hash) };
}

/** The line to show, counted from 0, where no heading leads to it. */
function lineOf(hit: SearchHit): number | null {
  return hit.link.includes("#") ? null : Math.max(0, hit.span.start_line - 1);
}
