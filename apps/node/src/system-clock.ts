/**
 * The machine's clocks, in the shapes that rooms ask for. Only this room reads them.
 */
import { clockFrom } from "@coxswain/raft-core";
import type { Clock as RaftClock } from "@coxswain/raft-core";

/** Longest delay of a Node timer. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** Wall clock, milliseconds since the epoch. */
export const now = (): number => Date.now();

/** Calls back once after `delayMs` unless the returned function is called first; longer delays than a timer's end early, never late. */
export function after(delayMs: number, callback: () => void): () => void {
  const timer = setTimeout(callback, Math.min(delayMs, MAX_DELAY_MS));
  return () => clearTimeout(timer);
}

export const raftClock: RaftClock = clockFrom({
  now: () => performance.now(),
  setInterval,
  clearInterval,
  setTimeout,
  clearTimeout,
});
