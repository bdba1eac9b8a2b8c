/**
 * Runs on this node what the cluster assigns to it, and reports how it ended.
 *
 * The worker polls nobody and nobody calls it: it reads this node's own applied state. It starts an attempt
 * only under its own incarnation and only while it holds a lease (G2, G12); a guard process ends every attempt when
 * the lease does, though this process be stopped or killed (G13); a result stays on disk until the own state
 * shows that the attempt ended (G14).
 *
 * @example
 * const worker = new Worker({ nodeId: 1, incarnation: 7, store, executors, reports, results, lease, guard, clock, logger });
 * await worker.reportLeftovers();                 // before this start registers
 * worker.start();                                 // after its registration was applied
 * await worker.stop({ drainMs: 30_000, reportMs: 2_000 });
 *
 * @packageDocumentation
 */
export type {
  AssignedAttempt,
  AttemptReport,
  AttemptReports,
  ResultStore,
  WorkerEvent,
  WorkerLogger,
  WorkerStore,
} from "./contracts.ts";
export { GuardError, GuardProcess, GuardRecordError, GuardStoppedError, LeaseEndedError, uptimeMs } from "./guard/index.ts";
export type { GuardEnded, GuardProcessOptions } from "./guard/index.ts";
export { Lease } from "./lease.ts";
export type { After, UptimeMs } from "./lease.ts";
export { LevelResultStore } from "./level-result-store.ts";
export type { ResultDatabase } from "./level-result-store.ts";
export type { AttemptOutput, AttemptReaderOptions, BeginRecord, ExitRecord, OutputRecord } from "./output/attempt-output.ts";
export { OutputTooLargeError } from "./output/output-errors.ts";
export { OutputSpool } from "./output/output-spool.ts";
export type { OutputSpoolOptions } from "./output/output-spool.ts";
export { Worker } from "./worker.ts";
export type { WorkerOptions } from "./worker.ts";
