/**
 * Whole Raft clusters in one thread, with every misfortune a seed can think of, and a judge that sees each step.
 *
 * A step is one delivered message, tick, storage completion or fault. After each, the promises of the Raft paper
 * are checked, that what was acknowledged is on a quorum of disks, and that reads are linearizable; at the end
 * everything is healed and the cluster must go on. The same seed gives the same run, byte for byte.
 *
 * @example
 * const report = simulate({ seed: 7, steps: 1000 });
 * report.counters.commits;                         // what was achieved meanwhile
 * report.digest === simulate({ seed: 7, steps: 1000 }).digest;   // true
 */
export { simulate, Simulation } from "./simulation.ts";
export { SimulationError } from "./simulation-error.ts";
export type { SimulationOptions, SimulationReport } from "./simulation-options.ts";
export { shrink, type ShrinkResult } from "./shrink.ts";
export { type Engine, type EngineFactory, raftEngine } from "./engine.ts";
export { COUNTED, type Counter, type Counters, addCounts, noCounts } from "./counters.ts";
export { Coverage, type CoverageRow } from "./coverage.ts";
export { FAULT_CLASSES, type FaultClass, isFaultClass } from "./faults/fault-class.ts";
export { type Profile, type WorldConfig, profileOf } from "./faults/profile.ts";
export { type Invariant, ViolationError } from "./violation.ts";
export type { PowerCut } from "./cluster/observer.ts";
export { checkRegister, type RegisterOperation } from "./linearizability/check-register.ts";
export { History, type OpenOperation } from "./linearizability/history.ts";
