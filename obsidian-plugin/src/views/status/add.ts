/** The status bar, the ribbon, the commands about the connection, and the notices of its problems. */
import { Notice, Platform } from "obsidian";
import type { Shell } from "../../shell";
import { copyText } from "../clipboard";
import { problemWords } from "../problem_words";
import { tellProblems } from "./problem_notices";
import { StatusBar } from "./status_bar";
import { StatusModal } from "./status_modal";
import { WhyModal } from "./why_modal";

export function addStatus(shell: Shell): void {
  const { plugin, context } = shell;
  const open = (): void => new StatusModal(shell).open();
  // Obsidian shows no status bar on a phone or tablet.
  if (!Platform.isMobile) context.register(new StatusBar(plugin.addStatusBarItem(), context, open).follow());
  plugin.addRibbonIcon("activity", context.texts("details.open"), open);
  context.register(tellProblems(context));
  addCommands(shell, open);
}

function addCommands({ plugin, context }: Shell, open: () => void): void {
  const { app, connection, texts } = context;
  plugin.addCommand({ id: "show-status", name: texts("details.open"), callback: open });
  plugin.addCommand({
    id: "reconnect",
    name: texts("details.reconnect"),
    callback: () => connection.start(),
  });
  plugin.addCommand({
    id: "copy-base-url",
    name: texts("details.copy_base_url"),
    callback: () => {
      const { state } = connection;
      if (state.kind === "online") void copyText(activeDocument.body, `${state.address.url}/v1`, texts);
      else new Notice("problem" in state && state.problem ? problemWords(texts, state.problem).title : texts("details.not_online"));
    },
  });
  plugin.addCommand({
    id: "explain-note",
    name: texts("why.command"),
    checkCallback: (checking) => {
      const file = app.workspace.getActiveFile();
      if (file === null) return false;
      if (!checking) new WhyModal(context, file.path).open();
      return true;
    },
  });
}
