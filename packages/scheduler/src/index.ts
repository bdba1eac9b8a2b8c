/**
 * The leader's brain: what is due, where it runs, who is alive, what to retry.
 *
 * It decides and proposes; apply checks each proposal against the state, so that a deposed leader's
 * decisions do no harm. The caller's duties:
 *   1. `start(term)` when the no-op of the term is applied here, `stop()` when leadership is lost;
 *   2. pass a heartbeat on only after a quorum was confirmed since it arrived (G12);
 *   3. call `release()` of every placement once its command is applied or has failed (G9).
 *
 * @example
 * const scheduler = new Scheduler({ store, proposer, clock, logger });
 * scheduler.start(term);
 * const { placement, release } = scheduler.place({ executor: "process" });
 * await propose(submit(job, placement)).finally(release);
 */
export { Scheduler } from "./scheduler.ts";
export type { SchedulerOptions, SchedulerStatus } from "./scheduler.ts";
export type { Proposer, SchedulerClock, SchedulerLogger, SchedulerStore } from "./contracts.ts";
export { DEFAULT_SETTINGS } from "./settings.ts";
export type { SchedulerSettings } from "./settings.ts";
export type { Heartbeat, HeartbeatAnswer, HeartbeatRefusal, LeaseView } from "./leases.ts";
export type { Placed, PlacementNeeds } from "./place.ts";
export { SchedulerSettingsError } from "./errors.ts";
