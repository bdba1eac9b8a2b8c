/** A Docker engine of its owner's own. */
export interface DockerEngine {
  readonly directory: string;
  readonly socketPath: string;
  readonly pid: number | undefined;
  /** The end of what the engine said. */
  log(): string;
  start(): Promise<void>;
  /** Default SIGTERM. SIGKILL leaves its containers running until the next `start`. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Makes an image of busybox under the given name. `changes` are lines of a Dockerfile. */
  importImage(name: string, changes?: readonly string[]): Promise<void>;
  /** Asks the engine's API and resolves with what it answers, parsed where it is JSON. */
  ask(method: string, path: string, value?: object): Promise<{ readonly status: number; readonly value: unknown }>;
  /** Stops it and removes everything it made. */
  close(): Promise<void>;
}
/** What this machine lacks, in words; empty means that an engine can be started. */
export function missingForDocker(): string[];
/** Starts an engine that knows `alpine:latest`. Its owner calls `close()`. */
export function startEngine(): Promise<DockerEngine>;
