/** The time source of an attempt. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. */
  now(): number;
  /** Calls back once after `delayMs` unless the returned function is called first. */
  after(delayMs: number, callback: () => void): () => void;
}

/** The longest delay of a Node timer; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The machine's clock. Delays of any length; a pending delay keeps the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, callback) {
    let timer: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      const stepMs = Math.min(leftMs, MAX_TIMER_MS);
      timer = setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : callback()), stepMs);
    };
    arm(Math.max(0, delayMs));
    return () => clearTimeout(timer);
  },
};
