import type { PowerCut } from "./cluster/observer.ts";
import type { Counters } from "./counters.ts";
import type { EngineFactory } from "./engine.ts";
import type { FaultClass } from "./faults/fault-class.ts";

/** Which run, how long, and with what. */
export interface SimulationOptions {
  /** Decides everything. */
  readonly seed: number;
  /** Until the world is healed. Default 3000. */
  readonly steps?: number;
  /** Kinds of fault to leave out. */
  readonly without?: ReadonlySet<FaultClass>;
  /** Numbers of faults in the seed's plan to leave out. */
  readonly skippedFaults?: ReadonlySet<number>;
  /** The power of this node fails at this storage call of its first start, in this way. */
  readonly powerCut?: { readonly node: number; readonly call: number; readonly cut: PowerCut };
  /** What is put to the test. Default: the real core. */
  readonly engine?: EngineFactory;
  /**
   * Lets a node whose disk was emptied start under its old id, as no operator may and the founding rules forbid
   * (G1): to see that the judge notices. Default false.
   */
  readonly admitsWiped?: boolean;
  /** Is given each step as a line of text. Costs time; the run is the same with and without. */
  readonly trace?: (line: string) => void;
}

/** What a run that broke no promise leaves. */
export interface SimulationReport {
  readonly seed: number;
  /** Of everything that happened: the same for the same options, on every machine. */
  readonly digest: string;
  readonly counters: Counters;
}
