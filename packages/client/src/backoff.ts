/** Waits between attempts: exponential, with full jitter above half, so that clients do not come back in step. */
export interface BackoffSettings {
  /** Default 50 ms. */
  readonly initialMs?: number;
  /** Default 1 s. */
  readonly maxMs?: number;
  /** Default `Math.random`. */
  readonly random?: () => number;
}

/** How long to wait after failure number `failures` (from 1). */
export function backoffMs(failures: number, settings: BackoffSettings = {}): number {
  const { initialMs = 50, maxMs = 1_000, random = Math.random } = settings;
  const ceiling = Math.min(maxMs, initialMs * 2 ** Math.min(failures - 1, 30));
  return ceiling / 2 + (random() * ceiling) / 2;
}

/** Resolves after `ms`, or at once when `signal` aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
