import type { VmRun } from "./boot-vm.mjs";

export interface VmPlan {
  /** The folder of `/app` whose `run-cases.js` is run; what it prints is one verdict a line. */
  readonly cases: string;
  /** Fills the machine's `/app`, which is at `app` here. */
  fill(app: string): Promise<void>;
  /** When it is ended, whatever it does. */
  readonly limitMs: number;
}
/** The packages that are missing, or another reason why there can be no test machine. */
export function missingForVm(): Promise<readonly string[]>;
/** Builds a machine, boots it, waits for its end and removes it. */
export function runInVm(plan: VmPlan): Promise<VmRun>;
/** Copies a folder of TypeScript without its types. */
export function compile(from: string, to: string): Promise<void>;
