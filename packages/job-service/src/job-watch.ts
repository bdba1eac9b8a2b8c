/**
 * Wakes those who follow jobs when this node's state changes them.
 *
 * The store's events are hints (G2): a follower looks at the store whenever it is woken, and what changed while it
 * looked wakes it once more. The store is listened to only while somebody follows, and once for all.
 */
import type { Clock } from "./contracts.ts";
import type { StorePort } from "./service-parts.ts";

/** How long to wait for a change. */
export interface ChangeWait {
  /** Ends the wait with its reason. */
  readonly signal: AbortSignal;
  /** Default: as long as it takes. */
  readonly timeoutMs?: number;
}

export class JobWatch {
  readonly #store: Pick<StorePort, "on">;
  readonly #clock: Clock;
  readonly #followers = new Map<string, Set<JobFollower>>();
  #stopListening: (() => void) | undefined;

  constructor(store: Pick<StorePort, "on">, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Close it when it is no longer needed. */
  follow(jobId: string): JobFollower {
    const follower = new JobFollower(this.#clock, () => {
      this.#leave(jobId, follower);
    });
    const followers = this.#followers.get(jobId) ?? new Set();
    this.#followers.set(jobId, followers.add(follower));
    this.#stopListening ??= this.#listen();
    return follower;
  }

  #listen(): () => void {
    const wake = ({ jobId }: { readonly jobId: string }): void => {
      for (const follower of this.#followers.get(jobId) ?? []) follower.wake();
    };
    const wakeAll = (): void => {
      for (const followers of this.#followers.values()) for (const follower of followers) follower.wake();
    };
    const stops = [
      this.#store.on("jobChanged", wake),
      this.#store.on("assigned", wake),
      this.#store.on("attemptEnded", wake),
      this.#store.on("nodeChanged", wakeAll),
      this.#store.on("restored", wakeAll),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }

  #leave(jobId: string, follower: JobFollower): void {
    const followers = this.#followers.get(jobId);
    followers?.delete(follower);
    if (followers?.size === 0) this.#followers.delete(jobId);
    if (this.#followers.size > 0) return;
    this.#stopListening?.();
    this.#stopListening = undefined;
  }
}

/** One who follows a job. */
export class JobFollower {
  readonly #clock: Clock;
  readonly #onClose: () => void;
  #changed = false;
  #onChange: (() => void) | undefined;

  constructor(clock: Clock, onClose: () => void) {
    this.#clock = clock;
    this.#onClose = onClose;
  }

  /** For {@link JobWatch}. */
  wake(): void {
    this.#changed = true;
    this.#onChange?.();
  }

  /**
   * Resolves when something may have changed since this was called last, or when the time is over; rejects with the
   * signal's reason. One at a time.
   */
  async changed({ signal, timeoutMs }: ChangeWait): Promise<void> {
    signal.throwIfAborted();
    if (!this.#changed) await this.#next(signal, timeoutMs);
    this.#changed = false;
    signal.throwIfAborted();
  }

  close(): void {
    this.#onClose();
  }

  #next(signal: AbortSignal, timeoutMs: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancelTimer?.();
        signal.removeEventListener("abort", done);
        this.#onChange = undefined;
        resolve();
      };
      const cancelTimer = timeoutMs === undefined ? undefined : this.#clock.after(timeoutMs, done);
      signal.addEventListener("abort", done);
      this.#onChange = done;
    });
  }
}
