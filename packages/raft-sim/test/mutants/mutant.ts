import type { EngineFactory, SimulationOptions } from "../../src/index.ts";

/** One piece of the core's source replaced by another. */
export interface SourceEdit {
  /** Below raft-core/src/core. */
  readonly file: string;
  /** Must occur exactly once, or the mutant is out of date. */
  readonly find: string;
  readonly replace: string;
}

/** A bug in a rule of the core, in a copy of its source. */
export interface SourceMutant extends SourceEdit {
  readonly name: string;
  /** What is wrong, for people. */
  readonly bug: string;
  /** Where the rule is kept in more than one place. */
  readonly also?: readonly SourceEdit[];
  /** For what does not show in a cluster within the bound of seeds. */
  readonly scenario?: Scenario;
}

/** A few calls of one core, after which a claim must hold. Throws if it does not. */
export type Scenario = (engine: EngineFactory) => void;

/** A bug in a duty of the caller or of the disk: the real core, driven wrongly. */
export interface DriverMutant {
  readonly name: string;
  readonly bug: string;
  readonly engine: EngineFactory;
}

/** A mistake of whoever runs the cluster: core, driver and disks are right. */
export interface OperatorMutant {
  readonly name: string;
  readonly bug: string;
  readonly world: Pick<SimulationOptions, "admitsWiped">;
}

export type Mutant = SourceMutant | DriverMutant | OperatorMutant;
