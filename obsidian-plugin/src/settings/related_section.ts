/** The settings of related notes: how many, and how close. */
import { Setting, type SliderComponent } from "obsidian";
import type { Context } from "../context";
import { keep } from "./keeping";

export function relatedSettings(parent: HTMLElement, context: Context): void {
  const { texts, settings } = context;
  new Setting(parent).setName(texts("settings.related")).setHeading();
  new Setting(parent)
    .setName(texts("settings.limit"))
    .setDesc(texts("settings.limit.about"))
    .addSlider((slider) => {
      named(slider.setLimits(1, 50, 1).setValue(settings().related.limit), texts("settings.limit")).onChange((limit) => keep(context, { related: { limit } }));
    });
  new Setting(parent)
    .setName(texts("settings.score"))
    .setDesc(texts("settings.score.about"))
    .addSlider((slider) => {
      named(slider.setLimits(0, 1, 0.05).setValue(settings().related.minimumScore), texts("settings.score")).onChange((minimumScore) => keep(context, { related: { minimumScore } }));
    });
}

function named(slider: SliderComponent, name: string): SliderComponent {
  slider.sliderEl.setAttr("aria-label", name);
  return slider.setDynamicTooltip();
}
