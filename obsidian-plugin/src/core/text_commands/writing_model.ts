/** Whether a model that writes is there. Without one the server answers with quotations from the notes, which are of
 * no use in place of a text. */

export type Writer = "there" | "none" | "quotes";

const QUOTING = /(?:^|\/)extractive$/;

/** `none`: the server has no model that writes; `quotes`: it has one, but another was chosen. `vault` is the server's
 * own choice, which is a model that writes as soon as there is one. */
export function writerAmong(models: readonly { readonly id: string; readonly kind?: string | undefined }[], chosen: string | null): Writer {
  const writing = models.some(({ id, kind }) => (kind === undefined || kind === "chat") && id !== "vault" && !QUOTING.test(id));
  if (!writing) return "none";
  return chosen !== null && QUOTING.test(chosen) ? "quotes" : "there";
}
