/** What the scheduler needs from elsewhere, bound by apps/node. */
import type { ApplyResult, CommandBody, JobStore } from "@coxswain/state-machine";

/** The part of the replicated job store that the scheduler reads. */
export type SchedulerStore = Pick<
  JobStore,
  "job" | "due" | "queueHead" | "queueLength" | "historyOverCaps" | "nodes" | "node" | "runningOn" | "on"
>;

/** Puts a command into the replicated log. */
export interface Proposer {
  /**
   * Stamps the leader's time and resolves with what apply said here. Rejects when the command was not
   * proposed, was dropped, or its outcome is unknown; the scheduler then proposes afresh, which is safe
   * because apply checks each item against the state.
   */
  propose(body: CommandBody): Promise<ApplyResult>;
}

/** The time sources of the scheduler. */
export interface SchedulerClock {
  /** Wall clock, milliseconds since the epoch: due times are compared with it. */
  now(): number;
  /** Milliseconds that never go back and, where the system can tell, count suspension: leases are measured with it. */
  monotonicMs(): number;
  /** Calls back once after `delayMs` (never above 2^31 - 1) unless the returned function is called first. */
  after(delayMs: number, callback: () => void): () => void;
}

/** Structured logging, as pino has it. */
export interface SchedulerLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
