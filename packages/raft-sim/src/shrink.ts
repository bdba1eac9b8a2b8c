import { FAULT_CLASSES, type FaultClass } from "./faults/fault-class.ts";
import { simulate } from "./simulation.ts";
import { SimulationError } from "./simulation-error.ts";
import type { SimulationOptions } from "./simulation-options.ts";

/** The smallest failing run that was found. */
export interface ShrinkResult {
  /** The smallest run found that still fails; {@link simulate} repeats it. */
  readonly options: SimulationOptions;
  readonly failure: SimulationError;
  /** The last steps of that run, as text, without ticks: they mark time, and there are many. */
  readonly trace: readonly string[];
  /** Runs it took. */
  readonly runs: number;
}

/** Runs spent on leaving out single faults, at most. */
const MAX_RUNS = 2_000;

/**
 * Makes a failing run smaller: whole classes of faults are left out, then fault after fault, then steps, as long
 * as the same promise is broken. Throws if `options` does not fail.
 */
export function shrink(options: SimulationOptions, traceLines: number = 60): ShrinkResult {
  const first = failureOf(options);
  if (first === undefined) throw new Error(`Seed ${options.seed} does not fail: there is nothing to shrink.`);
  const search = new Search(options, first);
  search.withoutClasses();
  search.withoutFaults();
  search.withFewerSteps();
  return search.result(traceLines);
}

class Search {
  #options: SimulationOptions;
  #failure: SimulationError;
  #runs = 1;

  constructor(options: SimulationOptions, failure: SimulationError) {
    this.#options = options;
    this.#failure = failure;
  }

  withoutClasses(): void {
    for (const each of FAULT_CLASSES) {
      const without = new Set<FaultClass>(this.#options.without);
      if (!without.has(each)) this.#try({ without: without.add(each) });
    }
  }

  /** Again and again, since a fault may be needed only because of another, until each that is left is needed. */
  withoutFaults(): void {
    for (let wasSmaller = true; wasSmaller && this.#runs < MAX_RUNS;) {
      wasSmaller = false;
      // Late ones first: what follows the failure's cause is most likely noise.
      for (const each of [...this.#failure.faults].reverse()) {
        if (this.#runs < MAX_RUNS && this.#tryWithout(each)) wasSmaller = true;
      }
    }
  }

  #tryWithout(fault: number): boolean {
    return this.#try({ skippedFaults: new Set(this.#options.skippedFaults).add(fault) });
  }

  /** A safety violation shows at its own step; only a lack of progress can depend on when healing began. */
  withFewerSteps(): void {
    let steps = Math.min(this.#options.steps ?? 3_000, this.#failure.step);
    this.#try({ steps });
    while (steps > 1 && this.#try({ steps: Math.floor(steps / 2) })) steps = Math.floor(steps / 2);
  }

  result(traceLines: number): ShrinkResult {
    const lines: string[] = [];
    const failure = failureOf({ ...this.#options, trace: (line) => lines.push(line) }) ?? this.#failure;
    const trace = lines.filter((line) => !line.endsWith("tick")).slice(-traceLines);
    return { options: this.#options, failure, trace, runs: this.#runs };
  }

  /** Keeps a change after which the same promise is still broken. */
  #try(change: Partial<SimulationOptions>): boolean {
    const options = { ...this.#options, ...change };
    const failure = failureOf(options);
    this.#runs += 1;
    if (failure?.violation.invariant !== this.#failure.violation.invariant) return false;
    this.#options = options;
    this.#failure = failure;
    return true;
  }
}

function failureOf(options: SimulationOptions): SimulationError | undefined {
  try {
    simulate(options);
    return undefined;
  } catch (error) {
    if (error instanceof SimulationError) return error;
    throw error;
  }
}
