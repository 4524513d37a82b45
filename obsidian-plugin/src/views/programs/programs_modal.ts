/** The page that sets up other plugins and programs: which one, and what it wants. */
import { Modal } from "obsidian";
import { anyProgram, groupsOf, type Group, type Offer } from "../../core/clients/offering";
import { asProblem, type Problem } from "../../core/problem";
import { installedPlugins } from "../../platform/installed_plugins";
import type { Shell } from "../../shell";
import { clientNow } from "../client_now";
import { problemWords } from "../problem_words";
import { ProgramCard } from "./program_card";

export class ProgramsModal extends Modal {
  private card: ProgramCard | null = null;

  constructor(private readonly shell: Shell) {
    super(shell.context.app);
  }

  override onOpen(): void {
    const { texts } = this.shell.context;
    this.setTitle(texts("programs.title"));
    this.modalEl.addClass("sidecar-modal");
    this.contentEl.createEl("p", { text: texts("programs.lead"), cls: "sidecar-soft" });
    void this.fill(this.contentEl.createDiv({ text: texts("ledger.loading") }));
  }

  override onClose(): void {
    this.card?.close();
    this.contentEl.empty();
  }

  private async fill(place: HTMLElement): Promise<void> {
    const { app, connection } = this.shell.context;
    try {
      const client = await clientNow(connection);
      const [all, installed] = await Promise.all([client.clients(), installedPlugins(app.vault)]);
      place.empty();
      this.draw(place, groupsOf(all, installed), anyProgram(all));
    } catch (error) {
      this.failed(place, asProblem(error));
    }
  }

  private failed(place: HTMLElement, problem: Problem): void {
    const { texts } = this.shell.context;
    const { title, hint } = problemWords(texts, problem);
    place.empty();
    const box = place.createDiv({ cls: "sidecar-callout", attr: { role: "status", "data-tone": "bad" } });
    box.createDiv({ text: title, cls: "sidecar-strong" });
    if (hint !== null) box.createDiv({ text: hint });
    const again = place.createEl("button", { text: texts("details.try_again") });
    again.addEventListener("click", () => {
      void this.shell.context.connection.look().then(() => this.fill(place));
    });
  }

  private draw(place: HTMLElement, groups: readonly Group[], any: Offer | null): void {
    const { texts } = this.shell.context;
    const installed = groups.some((group) => group.name === "installed");
    if (!installed) place.createEl("p", { text: texts("programs.none_installed"), cls: "sidecar-soft" });
    const row = place.createEl("label", { cls: "sidecar-bar" });
    row.createSpan({ text: texts("programs.choose") });
    const list = row.createEl("select", { cls: "dropdown" });
    const offers = new Map<string, Offer>();
    for (const group of groups) this.group(list, group, offers);
    if (any !== null) this.option(list, any, offers);
    const under = place.createDiv();
    const show = (): void => this.show(under, offers.get(list.value));
    list.addEventListener("change", show);
    if (!installed && any !== null) list.value = any.id;
    show();
  }

  private group(list: HTMLElement, { name, offers: own }: Group, offers: Map<string, Offer>): void {
    const group = list.createEl("optgroup", { attr: { label: this.shell.context.texts(`programs.group.${name}`) } });
    for (const offer of own) this.option(group, offer, offers);
  }

  private option(list: HTMLElement, offer: Offer, offers: Map<string, Offer>): void {
    const { texts } = this.shell.context;
    const name = offer.settings.name ?? texts("programs.any");
    list.createEl("option", { value: offer.id, text: offer.off ? texts("programs.off", { name }) : name });
    offers.set(offer.id, offer);
  }

  private show(place: HTMLElement, offer: Offer | undefined): void {
    this.card?.close();
    place.empty();
    this.card = offer === undefined ? null : new ProgramCard(place, this.shell, offer.settings);
  }
}
