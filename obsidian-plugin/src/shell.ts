/** The plugin's parts, made once when it is loaded and joined to each other: settings, connection, and what views are given. */
import { getLanguage, requestUrl, type Plugin } from "obsidian";
import type { Context } from "./context";
import type { Senders } from "./core/clients/trial";
import { Connection } from "./core/connection";
import { FetchTransport } from "./core/fetching";
import { KeptKey } from "./core/kept_key";
import { textsFor } from "./core/texts/texts";
import { desktop } from "./platform/node_files";
import { RequestUrlTransport } from "./platform/request_url";
import { Transports } from "./platform/transports";
import { windowClock } from "./platform/window_clock";
import type { KeptSettings } from "./settings/kept_settings";
import { NamedFolder } from "./settings/named_folder";
import { ServerPlace } from "./settings/server_place";
import { NoteInUse } from "./views/note_in_use";

/** What the plugin's own windows need beyond what every view is given. */
export interface Shell {
  readonly plugin: Plugin;
  readonly context: Context;
  readonly key: KeptKey;
  readonly folder: NamedFolder;
  readonly place: ServerPlace;
  readonly senders: Senders;
}

export function shellOf(plugin: Plugin, kept: KeptSettings): Shell {
  const { app } = plugin;
  const key = new KeptKey(app.secretStorage);
  const folder = new NamedFolder(app);
  const place = new ServerPlace(app, () => kept.value, key, desktop(), folder);
  const page = new FetchTransport((url, init) => window.fetch(url, init), windowClock);
  const program = new RequestUrlTransport(requestUrl, windowClock);
  const connection = new Connection({
    transport: new Transports(page, program),
    clock: windowClock,
    crypto: window.crypto,
    find: () => place.find(),
    here: () => place.here(),
    random: () => Math.random(),
  });
  const context = Object.freeze<Context>({
    app,
    texts: textsFor(getLanguage()),
    connection,
    clock: windowClock,
    inUse: new NoteInUse(plugin),
    settings: () => kept.value,
    saveSettings: (change) => kept.save(change),
    listenSettings: (changed) => kept.listen(changed),
    register: (cleanup) => plugin.register(cleanup),
    whenReady: whenReady(plugin),
  });
  return { plugin, context, key, folder, place, senders: { page, program } };
}

/** Look for the server once the vault is there, and again when what says where it is has changed. */
export function keepConnected({ plugin, context: { connection, listenSettings, settings, whenReady } }: Shell): void {
  let told = JSON.stringify(settings().connection);
  plugin.register(
    listenSettings((next) => {
      const now = JSON.stringify(next.connection);
      if (now === told) return;
      told = now;
      connection.start();
    }),
  );
  plugin.register(() => connection.stop());
  whenReady(() => connection.start());
}

/** Obsidian calls what waits for the layout even after the plugin was switched off again. */
function whenReady(plugin: Plugin): Context["whenReady"] {
  let unloaded = false;
  plugin.register(() => (unloaded = true));
  return (run) => plugin.app.workspace.onLayoutReady(() => {
    if (!unloaded) run();
  });
}
