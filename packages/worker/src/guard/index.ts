/** The guard (G13): ends a node's attempts when its lease ends or the node dies. */
export { uptimeMs } from "./boot-clock.ts";
export { GuardError, GuardRecordError, GuardStoppedError, LeaseEndedError } from "./guard-errors.ts";
export { GuardProcess } from "./guard-process.ts";
export type { GuardEnded, GuardProcessOptions } from "./guard-process.ts";
