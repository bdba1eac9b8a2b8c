import type { Clock } from "../contracts.ts";

/** How one try ended. `silent`: nothing was heard in time, or the waiting was ended. */
export type AttemptEnd<Value> =
  | { readonly kind: "answered"; readonly value: Value }
  | { readonly kind: "failed"; readonly error: unknown }
  | { readonly kind: "silent" };

/**
 * Tries once, for `timeoutMs` or until `stop` is aborted; the signal that `action` gets is aborted then. Whatever
 * comes of it later is nobody's affair. Never rejects, and leaves no timer and no listener behind.
 */
export function attempt<Value>(
  clock: Clock,
  timeoutMs: number,
  stop: AbortSignal,
  action: (signal: AbortSignal) => Promise<Value>,
): Promise<AttemptEnd<Value>> {
  const controller = new AbortController();
  return new Promise((resolve) => {
    const giveUp = (): void => {
      settle({ kind: "silent" });
      controller.abort(stop.aborted ? stop.reason : new Error(`Nothing was heard for ${timeoutMs} ms.`));
    };
    const cancelTimer = clock.after(timeoutMs, giveUp);
    const settle = (end: AttemptEnd<Value>): void => {
      cancelTimer();
      stop.removeEventListener("abort", giveUp);
      resolve(end);
    };
    stop.addEventListener("abort", giveUp, { once: true });
    started(action, controller.signal).then(
      (value) => settle({ kind: "answered", value }),
      (error: unknown) => settle({ kind: "failed", error }),
    );
  });
}

/** What is thrown at once counts as a rejection. */
async function started<Value>(
  action: (signal: AbortSignal) => Promise<Value>,
  signal: AbortSignal,
): Promise<Value> {
  return action(signal);
}

/** Resolves after `delayMs`, or at once when `stop` is aborted. */
export function pause(clock: Clock, delayMs: number, stop: AbortSignal): Promise<void> {
  if (stop.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      cancelTimer();
      stop.removeEventListener("abort", done);
      resolve();
    };
    const cancelTimer = clock.after(delayMs, done);
    stop.addEventListener("abort", done, { once: true });
  });
}
