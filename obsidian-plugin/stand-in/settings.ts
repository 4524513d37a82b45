/** Settings: a line with a name, a description and the things to turn, type or press. */
import type { App } from "./app";
import { setIcon } from "./icons";
import { Strict } from "./strict";
import { setTooltip } from "./tooltip";

type Text = string | DocumentFragment;

export class BaseComponent extends Strict {
  disabled = false;
  then(callback: (component: this) => unknown): this {
    callback(this);
    return this;
  }
  setDisabled(disabled: boolean): this {
    this.disabled = disabled;
    return this;
  }
}

export abstract class ValueComponent<T> extends BaseComponent {
  _changed: ((value: T) => unknown) | null = null;
  abstract getValue(): T;
  abstract setValue(value: T): this;
  onChange(callback: (value: T) => unknown): this {
    this._changed = callback;
    return this;
  }
}

export class AbstractTextComponent<E extends HTMLInputElement | HTMLTextAreaElement> extends ValueComponent<string> {
  constructor(public inputEl: E) {
    super();
    inputEl.addEventListener("input", () => this.onChanged());
  }
  override setDisabled(disabled: boolean): this {
    this.inputEl.disabled = disabled;
    return super.setDisabled(disabled);
  }
  getValue(): string {
    return this.inputEl.value;
  }
  setValue(value: string): this {
    this.inputEl.value = value;
    return this;
  }
  setPlaceholder(text: string): this {
    this.inputEl.placeholder = text;
    return this;
  }
  onChanged(): void {
    this._changed?.(this.getValue());
  }
}

export class TextComponent extends AbstractTextComponent<HTMLInputElement> {
  constructor(containerEl: HTMLElement) {
    super(containerEl.createEl("input", { type: "text", attr: { spellcheck: "false" } }));
  }
}

export class TextAreaComponent extends AbstractTextComponent<HTMLTextAreaElement> {
  constructor(containerEl: HTMLElement) {
    super(containerEl.createEl("textarea", { attr: { spellcheck: "false" } }));
  }
}

export class SearchComponent extends AbstractTextComponent<HTMLInputElement> {
  containerEl: HTMLElement;
  clearButtonEl: HTMLElement;
  constructor(parent: HTMLElement) {
    const holder = parent.createDiv({ cls: "search-input-container" });
    super(holder.createEl("input", { type: "search", attr: { spellcheck: "false", enterkeyhint: "search" } }));
    this.containerEl = holder;
    this.clearButtonEl = holder.createDiv({ cls: "search-input-clear-button", attr: { "aria-label": "Clear search" } });
    this.clearButtonEl.addEventListener("click", () => {
      this.setValue("");
      this.onChanged();
      this.inputEl.focus();
    });
  }
}

export class ToggleComponent extends ValueComponent<boolean> {
  toggleEl: HTMLElement;
  _box: HTMLInputElement;
  constructor(containerEl: HTMLElement) {
    super();
    this.toggleEl = containerEl.createDiv({ cls: "checkbox-container" });
    this._box = this.toggleEl.createEl("input", { type: "checkbox", attr: { tabindex: "0" } });
    this.toggleEl.addEventListener("click", (event) => {
      event.preventDefault();
      this.onClick();
    });
  }
  onClick(): void {
    if (this.disabled) return;
    this.setValue(!this.getValue());
    this._changed?.(this.getValue());
  }
  override setDisabled(disabled: boolean): this {
    this._box.disabled = disabled;
    this.toggleEl.toggleClass("is-disabled", disabled);
    return super.setDisabled(disabled);
  }
  getValue(): boolean {
    return this.toggleEl.hasClass("is-enabled");
  }
  setValue(on: boolean): this {
    this.toggleEl.toggleClass("is-enabled", on);
    // The click that brought us here is prevented, and with it what the browser did to the box: set it after that.
    window.setTimeout(() => void (this._box.checked = this.getValue()));
    this._box.checked = on;
    return this;
  }
  setTooltip(tooltip: string): this {
    setTooltip(this.toggleEl, tooltip);
    return this;
  }
}

export class DropdownComponent extends ValueComponent<string> {
  selectEl: HTMLSelectElement;
  constructor(containerEl: HTMLElement) {
    super();
    this.selectEl = containerEl.createEl("select", { cls: "dropdown" });
    this.selectEl.addEventListener("change", () => this._changed?.(this.getValue()));
  }
  override setDisabled(disabled: boolean): this {
    this.selectEl.disabled = disabled;
    return super.setDisabled(disabled);
  }
  addOption(value: string, display: string): this {
    this.selectEl.createEl("option", { value, text: display });
    return this;
  }
  addOptions(options: Record<string, string>): this {
    for (const [value, display] of Object.entries(options)) this.addOption(value, display);
    return this;
  }
  getValue(): string {
    return this.selectEl.value;
  }
  setValue(value: string): this {
    this.selectEl.value = value;
    return this;
  }
}

export class SliderComponent extends ValueComponent<number> {
  sliderEl: HTMLInputElement;
  _instant = false;
  constructor(containerEl: HTMLElement) {
    super();
    this.sliderEl = containerEl.createEl("input", { cls: "slider", type: "range" });
    const tell = (): unknown => this._changed?.(this.getValue());
    this.sliderEl.addEventListener("change", tell);
    this.sliderEl.addEventListener("input", () => this._instant && tell());
  }
  override setDisabled(disabled: boolean): this {
    this.sliderEl.disabled = disabled;
    return super.setDisabled(disabled);
  }
  setInstant(instant: boolean): this {
    this._instant = instant;
    return this;
  }
  setLimits(min: number | null, max: number | null, step: number | "any"): this {
    this.sliderEl.setAttrs({ min, max, step });
    return this;
  }
  getValue(): number {
    return Number(this.sliderEl.value);
  }
  getValuePretty(): string {
    return this.sliderEl.value;
  }
  setValue(value: number): this {
    this.sliderEl.value = String(value);
    return this;
  }
  setDynamicTooltip(): this {
    this.sliderEl.addEventListener("input", () => setTooltip(this.sliderEl, this.sliderEl.value));
    return this;
  }
  showTooltip(): void {}
}

export class ProgressBarComponent extends ValueComponent<number> {
  progressBar: HTMLProgressElement;
  constructor(containerEl: HTMLElement) {
    super();
    this.progressBar = containerEl.createEl("progress", { attr: { max: "100" } });
  }
  getValue(): number {
    return this.progressBar.value;
  }
  setValue(value: number): this {
    this.progressBar.value = value;
    return this;
  }
}

export class ButtonComponent extends BaseComponent {
  buttonEl: HTMLButtonElement;
  constructor(containerEl: HTMLElement) {
    super();
    this.buttonEl = containerEl.createEl("button");
  }
  override setDisabled(disabled: boolean): this {
    this.buttonEl.disabled = disabled;
    return super.setDisabled(disabled);
  }
  setCta(): this {
    this.buttonEl.addClass("mod-cta");
    return this;
  }
  removeCta(): this {
    this.buttonEl.removeClass("mod-cta");
    return this;
  }
  setWarning(): this {
    this.buttonEl.addClass("mod-warning");
    return this;
  }
  setTooltip(tooltip: string, options?: { placement?: string }): this {
    setTooltip(this.buttonEl, tooltip, options);
    return this;
  }
  setButtonText(text: string): this {
    this.buttonEl.setText(text);
    return this;
  }
  setIcon(icon: string): this {
    setIcon(this.buttonEl, icon);
    return this;
  }
  setClass(name: string): this {
    this.buttonEl.addClass(name);
    return this;
  }
  onClick(callback: (event: MouseEvent) => unknown): this {
    this.buttonEl.onclick = (event) => void callback(event);
    return this;
  }
}

export class ExtraButtonComponent extends BaseComponent {
  extraSettingsEl: HTMLElement;
  _click: (() => unknown) | null = null;
  constructor(containerEl: HTMLElement) {
    super();
    this.extraSettingsEl = containerEl.createDiv({ cls: "clickable-icon extra-setting-button", attr: { tabindex: "0", role: "button" } });
    const run = (): void => void (this.disabled ? undefined : this._click?.());
    this.extraSettingsEl.addEventListener("click", run);
    this.extraSettingsEl.addEventListener("keydown", (event) => (event.key === "Enter" || event.key === " ") && run());
    this.setIcon("settings");
  }
  override setDisabled(disabled: boolean): this {
    this.extraSettingsEl.toggleClass("is-disabled", disabled);
    return super.setDisabled(disabled);
  }
  setTooltip(tooltip: string, options?: { placement?: string }): this {
    setTooltip(this.extraSettingsEl, tooltip, options);
    return this;
  }
  setIcon(icon: string): this {
    setIcon(this.extraSettingsEl, icon);
    return this;
  }
  onClick(callback: () => unknown): this {
    this._click = callback;
    return this;
  }
}

/** Chooses a secret by its name; what it holds is never told to the component's owner, only its name. */
export class SecretComponent extends BaseComponent {
  _select: HTMLSelectElement;
  _changed: ((value: string) => unknown) | null = null;
  constructor(readonly _app: App, containerEl: HTMLElement) {
    super();
    const holder = containerEl.createDiv({ cls: "secret-component" });
    this._select = holder.createEl("select", { cls: "dropdown", attr: { "aria-label": "Secret" } });
    this._fill("");
    this._select.addEventListener("change", () => this._changed?.(this._select.value));
  }
  _fill(value: string): void {
    this._select.empty();
    const names = new Set(["", ...this._app.secretStorage.listSecrets(), value]);
    for (const name of names) this._select.createEl("option", { value: name, text: name === "" ? "Choose a secret…" : name });
    this._select.value = value;
  }
  override setDisabled(disabled: boolean): this {
    this._select.disabled = disabled;
    return super.setDisabled(disabled);
  }
  setValue(value: string): this {
    this._fill(value);
    return this;
  }
  onChange(callback: (value: string) => unknown): this {
    this._changed = callback;
    return this;
  }
}

export class Setting extends Strict {
  settingEl: HTMLElement;
  infoEl: HTMLElement;
  nameEl: HTMLElement;
  descEl: HTMLElement;
  controlEl: HTMLElement;
  components: BaseComponent[] = [];

  constructor(containerEl: HTMLElement) {
    super();
    this.settingEl = containerEl.createDiv({ cls: "setting-item" });
    this.infoEl = this.settingEl.createDiv({ cls: "setting-item-info" });
    this.nameEl = this.infoEl.createDiv({ cls: "setting-item-name" });
    this.descEl = this.infoEl.createDiv({ cls: "setting-item-description" });
    this.controlEl = this.settingEl.createDiv({ cls: "setting-item-control" });
  }
  setName(name: Text): this {
    this.nameEl.setText(name);
    return this;
  }
  setDesc(text: Text): this {
    this.descEl.setText(text);
    return this;
  }
  setClass(name: string): this {
    this.settingEl.addClass(name);
    return this;
  }
  setTooltip(tooltip: string, options?: { placement?: string }): this {
    setTooltip(this.nameEl, tooltip, options);
    return this;
  }
  setHeading(): this {
    this.settingEl.addClass("setting-item-heading");
    return this;
  }
  setDisabled(disabled: boolean): this {
    this.settingEl.toggleClass("is-disabled", disabled);
    for (const component of this.components) component.setDisabled(disabled);
    return this;
  }
  _add<C extends BaseComponent>(component: C, build: (component: C) => unknown): this {
    this.components.push(component);
    build(component);
    return this;
  }
  addButton(build: (component: ButtonComponent) => unknown): this {
    return this._add(new ButtonComponent(this.controlEl), build);
  }
  addExtraButton(build: (component: ExtraButtonComponent) => unknown): this {
    return this._add(new ExtraButtonComponent(this.controlEl), build);
  }
  addToggle(build: (component: ToggleComponent) => unknown): this {
    this.settingEl.addClass("mod-toggle");
    return this._add(new ToggleComponent(this.controlEl), build);
  }
  addText(build: (component: TextComponent) => unknown): this {
    return this._add(new TextComponent(this.controlEl), build);
  }
  addTextArea(build: (component: TextAreaComponent) => unknown): this {
    return this._add(new TextAreaComponent(this.controlEl), build);
  }
  addSearch(build: (component: SearchComponent) => unknown): this {
    return this._add(new SearchComponent(this.controlEl), build);
  }
  addDropdown(build: (component: DropdownComponent) => unknown): this {
    return this._add(new DropdownComponent(this.controlEl), build);
  }
  addSlider(build: (component: SliderComponent) => unknown): this {
    return this._add(new SliderComponent(this.controlEl), build);
  }
  addProgressBar(build: (component: ProgressBarComponent) => unknown): this {
    return this._add(new ProgressBarComponent(this.controlEl), build);
  }
  addComponent<C extends BaseComponent>(make: (el: HTMLElement) => C): this {
    this.components.push(make(this.controlEl));
    return this;
  }
  then(callback: (setting: this) => unknown): this {
    callback(this);
    return this;
  }
  clear(): this {
    this.controlEl.empty();
    this.components = [];
    return this;
  }
}

export class SettingGroup extends Strict {
  groupEl: HTMLElement;
  _header: Setting;
  listEl: HTMLElement;
  constructor(containerEl: HTMLElement) {
    super();
    this.groupEl = containerEl.createDiv({ cls: "setting-group" });
    this._header = new Setting(this.groupEl).setHeading();
    this._header.settingEl.hide();
    this.listEl = this.groupEl.createDiv({ cls: "setting-items" });
  }
  setHeading(text: Text): this {
    this._header.setName(text);
    this._header.settingEl.show();
    return this;
  }
  addClass(name: string): this {
    this.groupEl.addClass(name);
    return this;
  }
  addSetting(build: (setting: Setting) => void): this {
    build(new Setting(this.listEl));
    return this;
  }
  addSearch(build: (component: SearchComponent) => unknown): this {
    this._header.settingEl.show();
    this._header.addSearch(build);
    return this;
  }
  addExtraButton(build: (component: ExtraButtonComponent) => unknown): this {
    this._header.settingEl.show();
    this._header.addExtraButton(build);
    return this;
  }
}

export abstract class SettingTab extends Strict {
  containerEl: HTMLElement;
  icon = "";
  _id = "";
  _name = "";
  constructor(public app: App) {
    super();
    this.containerEl = createDiv({ cls: "vertical-tab-content" });
  }
  abstract display(): void;
  hide(): void {
    this.containerEl.empty();
  }
}

export abstract class PluginSettingTab extends SettingTab {
  constructor(app: App, plugin: { manifest: { id: string; name: string } }) {
    super(app);
    this._id = plugin.manifest.id;
    this._name = plugin.manifest.name;
  }
}
