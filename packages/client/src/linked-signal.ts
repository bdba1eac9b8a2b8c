/**
 * A signal that aborts with any of the given ones, until it is unlinked. `AbortSignal.any` would hold on to a signal
 * that lives as long as the client.
 */
export function linkedSignal(...signals: readonly (AbortSignal | undefined)[]): {
  readonly signal: AbortSignal;
  readonly unlink: () => void;
} {
  const linked = new AbortController();
  const abort = (): void => {
    linked.abort();
  };
  for (const signal of signals) {
    signal?.addEventListener("abort", abort);
    if (signal?.aborted === true) abort();
  }
  const unlink = (): void => {
    for (const signal of signals) signal?.removeEventListener("abort", abort);
  };
  return { signal: linked.signal, unlink };
}
