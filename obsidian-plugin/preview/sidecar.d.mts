export type Machine = { home: string; vault: string; dataDir: string; env: Record<string, string> };
export type Options = { vault?: string; origins?: string[]; args?: string[]; environment?: Record<string, string>; host?: string };
export type Sidecar = {
  readonly machine: Machine;
  /** The address that it listens on. */
  readonly host: string;
  readonly url: string;
  readonly token: string;
  readonly log: string;
  /** False as soon as it was told to stop, though it may still answer that it stops. */
  isUp(): boolean;
  start(port?: number): Promise<Sidecar>;
  stop(): Promise<void>;
  remove(): Promise<void>;
  status(): Promise<{ ready: boolean; vaults: Record<string, unknown>[] } & Record<string, unknown>>;
  ready(): Promise<unknown>;
};
export const DEMO_VAULT: string;
export function sidecarCommand(environment?: NodeJS.ProcessEnv): string[] | null;
export function prepareSidecar(options?: Options): Sidecar;
