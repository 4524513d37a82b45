/** The client of the connection as it is now, or as it will be when the look that is under way has ended. */
import type { Client } from "../core/client";
import type { Connection } from "../core/connection";

/** Throws the Problem that keeps the connection from working. */
export async function clientNow(connection: Connection): Promise<Client> {
  // Right after the start, or after a change of the settings, nothing is known yet, which is no reason to say that nothing runs.
  if (connection.state.kind === "looking") await connection.look();
  return connection.client();
}
