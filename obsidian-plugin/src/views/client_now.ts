/** The client of the connection as it is now, or as a look finds it when there is none. */
import type { Client } from "../core/client";
import type { Connection } from "../core/connection";

/** Throws the Problem that keeps the connection from working. */
export async function clientNow(connection: Connection): Promise<Client> {
  // Right after the start, or after a change of the settings, nothing is known yet, which is no reason to say that nothing runs; and what
  // did not run a while ago may run now that somebody asks.
  if (connection.state.kind === "looking" || connection.state.kind === "offline") await connection.look();
  return connection.client();
}
