/**
 * Waiting for the next item of a stream, or for the word to stop.
 */

/**
 * The next item, or `undefined` as soon as `signal` aborts. One listener for each step: a race
 * against one long-lived promise would keep a reaction for every item.
 */
export function nextUnlessAborted<T>(items: AsyncIterator<T>, signal: AbortSignal): Promise<IteratorResult<T> | undefined> {
  return new Promise((resolve, reject) => {
    const abort = (): void => resolve(undefined);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    const settle = (): void => signal.removeEventListener("abort", abort);
    items.next().then(
      (item) => {
        settle();
        resolve(item);
      },
      (error: unknown) => {
        settle();
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    );
  });
}
