/** What the status bar, the settings and the notices say. */
import type { Section } from "./section";

export const SHELL = {
  "status.ready": { en: "Sidecar: ready", pt: "Sidecar: pronto", es: "Sidecar: listo", it: "Sidecar: pronto", fr: "Sidecar : prêt" },
} satisfies Section;
