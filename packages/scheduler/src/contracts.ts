/** What the scheduler needs from elsewhere, bound by apps/node. */
import type {
  ApplyResult, CommandBody, DueItem, DueRange, HistoryOverCaps, Job, JobStoreEventName, JobStoreEvents, Node, QueuedExecution,
} from "@coxswain/state-machine";

/** The part of the replicated job store that the scheduler reads; `JobStore` is one. */
export interface SchedulerStore {
  job(id: string): Promise<Job | undefined>;
  /** Keys of the time index, oldest first (G4). */
  due(range: DueRange): Promise<readonly DueItem[]>;
  /** What waits for a node, by priority, then age. */
  queueHead(limit: number): Promise<readonly QueuedExecution[]>;
  queueLength(): number;
  historyOverCaps(): Promise<Pick<HistoryOverCaps, "over" | "leftovers" | "requests">>;
  nodes(): readonly Node[];
  node(id: number): Node | undefined;
  /** Attempts that run on the node. */
  runningOn(nodeId: number): number;
  /** Hints, after apply. Returns how to stop listening. */
  on<Name extends JobStoreEventName>(name: Name, listener: (payload: JobStoreEvents[Name]) => void): () => void;
}

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
