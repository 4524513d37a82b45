/** The settings of related notes: how many, and how close. */
import type { Context } from "../context";
import { keep, slider } from "./controls";
import type { Part } from "./rows";

export function relatedPart(context: Context): Part {
  const { texts, settings } = context;
  return {
    heading: texts("settings.related"),
    rows: [
      {
        name: texts("settings.limit"),
        desc: texts("settings.limit.about"),
        render: (setting) => slider(setting, [1, 50, 1], settings().related.limit, (limit) => keep(context, { related: { limit } })),
      },
      {
        name: texts("settings.score"),
        desc: texts("settings.score.about"),
        render: (setting) => slider(setting, [0, 1, 0.05], settings().related.minimumScore, (minimumScore) => keep(context, { related: { minimumScore } })),
      },
    ],
  };
}
