/** How a case of the test machine went. */
export interface Verdict {
  readonly name: string;
  readonly ms: number;
  /** Undefined: it passed. */
  readonly error?: string;
}
/** How a run of the test machine went. */
export interface VmRun {
  readonly verdicts: readonly Verdict[];
  /** What the kernel and the cases had to say besides. */
  readonly console: string;
}
/** Boots what `buildVm` has built, and waits for its end, which is forced after `limitMs`. */
export function bootVm(directory: string, limitMs: number): Promise<VmRun>;
