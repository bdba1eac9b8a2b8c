import type { ClientOptions, CoxswainClient } from "@coxswain/client";

/** The part of the client that the commands use. */
export type CliClient = Pick<
  CoxswainClient,
  | "submit"
  | "status"
  | "list"
  | "listAll"
  | "stream"
  | "cancel"
  | "delete"
  | "executions"
  | "clusterStatus"
  | "logEntries"
  | "transferLeadership"
  | "drain"
  | "start"
  | "stop"
  | "logs"
  | "waitFor"
  | "close"
>;

export interface TextSink {
  /** Text, or bytes as they are. False: wait for `drain` before writing more. */
  write(text: string | Uint8Array): unknown;
  /** As streams have it. Without it nothing waits. */
  once?(event: "drain", listener: () => void): unknown;
}

/** Everything the commands touch of the outside. */
export interface CliEnvironment {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default: a real client. */
  readonly connect?: (options: ClientOptions) => CliClient;
  /** Runs a node with these flags until it ends; resolves with its exit code. */
  readonly startServer?: (flags: readonly string[]) => Promise<number>;
  /** Default: this package's. */
  readonly version?: string;
  /** ms since the epoch. Default: the clock. */
  readonly nowMs?: () => number;
  /** Aborts on ^C. */
  readonly signal?: AbortSignal;
}
