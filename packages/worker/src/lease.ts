/**
 * How long this node may go on running attempts without hearing from a leader (G12).
 *
 * The lease runs from the *sending* of the request that renewed it, so that the node's idea of its end
 * is never later than the leader's, on a clock that counts suspension: a laptop that slept an hour has
 * no lease when it wakes.
 */

/** Milliseconds since boot, suspension included. Never goes back. */
export type UptimeMs = () => number;

/** Calls back once after a delay, unless the returned function is called first. */
export type After = (delayMs: number, callback: () => void) => () => void;

export class Lease {
  readonly #uptimeMs: UptimeMs;
  readonly #after: After;
  readonly #lostListeners = new Set<() => void>();
  readonly #heldListeners = new Set<() => void>();
  #endsAtMs = Number.NEGATIVE_INFINITY;
  #held = false;
  #cancelTimer: () => void = () => {};

  constructor(options: { readonly uptimeMs: UptimeMs; readonly after: After }) {
    this.#uptimeMs = options.uptimeMs;
    this.#after = options.after;
  }

  /** A leader granted `leaseMs`, answering a request sent at `sentAtMs` (uptime). An older grant changes nothing. */
  renewed(sentAtMs: number, leaseMs: number): void {
    const endsAtMs = sentAtMs + leaseMs;
    if (endsAtMs <= this.#endsAtMs || endsAtMs <= this.#uptimeMs()) return;
    this.#endsAtMs = endsAtMs;
    this.#watch();
    if (this.#held) return;
    this.#held = true;
    for (const listener of this.#heldListeners) listener();
  }

  /** Whether attempts may run now. */
  get held(): boolean {
    return this.#held && this.remainingMs() > 0;
  }

  /** Uptime at which the lease ends; minus infinity before the first grant. */
  get endsAtMs(): number {
    return this.#endsAtMs;
  }

  remainingMs(): number {
    return Math.max(0, this.#endsAtMs - this.#uptimeMs());
  }

  /** Called each time the lease ends without renewal. Returns how to stop listening. */
  onLost(listener: () => void): () => void {
    this.#lostListeners.add(listener);
    return () => this.#lostListeners.delete(listener);
  }

  /** Called each time the lease is held again. Returns how to stop listening. */
  onHeld(listener: () => void): () => void {
    this.#heldListeners.add(listener);
    return () => this.#heldListeners.delete(listener);
  }

  close(): void {
    this.#cancelTimer();
    this.#lostListeners.clear();
    this.#heldListeners.clear();
  }

  #watch(): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#after(this.remainingMs(), () => {
      // Timers may be early by a millisecond, and the clock of timers may not count suspension.
      if (this.remainingMs() > 0) return this.#watch();
      this.#held = false;
      for (const listener of this.#lostListeners) listener();
    });
  }
}
