/**
 * What the worker needs from elsewhere, bound by apps/node.
 */
import type { Execution, Job, ReportAttempts_Item, StopReason } from "@coxswain/state-machine";

/** How an attempt ended, fenced by execution, attempt, node and incarnation. */
export type AttemptReport = ReportAttempts_Item;

/** An attempt that the replicated state calls running. */
export interface AssignedAttempt {
  readonly executionId: string;
  readonly jobId: string;
  readonly attempt: number;
  readonly nodeId: number;
  readonly nodeIncarnation: number;
  readonly stopRequested: StopReason;
  /** How long it may take to end once it is asked to; undefined: what the worker gives. */
  readonly stopGraceMs?: number | undefined;
}

/** The events of the job store that concern a worker. They are hints: the worker reconciles with the store (G2). */
export type WorkerEvent = "assigned" | "stopRequested" | "attemptEnded" | "restored";

/** The part of the job store that the worker reads: this node's own applied state. */
export interface WorkerStore {
  running(nodeId: number): readonly AssignedAttempt[];
  job(id: string): Promise<Job | undefined>;
  execution(id: string): Promise<Execution | undefined>;
  on(event: WorkerEvent, listener: () => void): () => void;
}

/** Takes results to whoever leads. Resolves once they are committed; rejects when that is not known. */
export interface AttemptReports {
  report(items: readonly AttemptReport[]): Promise<void>;
}

/** Keeps results that are not yet known to have been applied, across restarts (G14). */
export interface ResultStore {
  /** Resolves when all are durable. */
  put(reports: readonly AttemptReport[]): Promise<void>;
  remove(reports: readonly AttemptReport[]): Promise<void>;
  all(): Promise<AttemptReport[]>;
}

/** Structured logging, as pino has it. */
export interface WorkerLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Names one attempt. */
export const attemptKey = (ref: { readonly executionId: string; readonly attempt: number }): string =>
  `${ref.executionId}#${ref.attempt}`;
