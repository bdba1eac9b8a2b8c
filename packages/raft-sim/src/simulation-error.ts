import type { ViolationError } from "./violation.ts";

/** A run in which a promise was broken; `cause` says which. */
export class SimulationError extends Error {
  readonly code = "SIMULATION_FAILED";
  readonly category = "internal";
  readonly seed: number;
  /** How many steps it took. */
  readonly step: number;
  readonly violation: ViolationError;
  /** Numbers of the faults that happened, in order. */
  readonly faults: readonly number[];

  constructor(seed: number, step: number, violation: ViolationError, faults: readonly number[]) {
    super(`Seed ${seed}, step ${step}: ${violation.message}`, { cause: violation });
    this.name = "SimulationError";
    this.seed = seed;
    this.step = step;
    this.violation = violation;
    this.faults = faults;
  }
}
