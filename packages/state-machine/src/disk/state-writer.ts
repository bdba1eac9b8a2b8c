/**
 * Writes the state behind apply: one synced, atomic write at a time, in order, off the commit
 * path (G17). What is applied while a write is under way goes into the next one, so that slow
 * disks get larger writes, not a longer queue.
 */
import type { SnapshotMeta } from "@coxswain/raft-core";
import { StoreFailedError } from "../errors.ts";
import { META_KEY } from "../keys.ts";
import type { Flight, State } from "../state.ts";
import type { StateDatabase } from "../state-directory.ts";
import type { MarkerSpan } from "./markers.ts";
import { WriteBatch, writeChange } from "./write-batch.ts";

export interface StateWriterOptions {
  readonly db: StateDatabase;
  readonly state: State;
  readonly markers: MarkerSpan;
  /** Awaited before each write, unless somebody waits for it. */
  readonly pause: (() => Promise<void>) | undefined;
  readonly onFailed: (error: Error) => void;
}

export class StateWriter {
  readonly #options: StateWriterOptions;
  #durable: SnapshotMeta;
  #failure: StoreFailedError | undefined;
  #isRunning = false;
  #held = false;
  /** The pause before the next write is over. */
  #isPaused = false;
  #atEnd: (() => void)[] = [];
  /** Ends a pause; undefined while there is none. */
  #hurry: (() => void) | undefined;

  constructor(options: StateWriterOptions) {
    this.#options = options;
    this.#durable = options.state.meta.point();
  }

  /** The newest point that survives a power cut. */
  get durable(): SnapshotMeta {
    return this.#durable;
  }

  /** Throws when an earlier write failed. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** While held, no new write begins: apply is in the middle of an entry. */
  hold(): void {
    this.#held = true;
  }

  /** Ends {@link hold} and lets what was applied be written. */
  release(): void {
    this.#held = false;
    this.#start();
  }

  /** Nothing more will be written: apply failed in the middle of an entry, and disk must not see half of one. */
  fail(cause: unknown): void {
    this.#failure ??= new StoreFailedError("The state failed. See the cause, then start the node again.", {
      cause,
    });
  }

  /** Resolves when a write that is under way is done; at once when there is none. Throws when it failed. */
  async current(): Promise<void> {
    if (this.#isRunning) await this.#nextEnd();
    this.check();
  }

  /** Resolves when everything applied before the call is durable. */
  async flush(): Promise<void> {
    const { index } = this.#options.state.meta.point();
    for (;;) {
      this.check();
      if (this.#durable.index >= index) return;
      // Not the end of all writing: under load that never comes.
      await (this.#isRunning ? this.#nextEnd() : this.#nextTurn());
    }
  }

  /** Writes what is left, as far as it can be written. Never throws: a failure was told when it happened. */
  async drain(): Promise<void> {
    while (this.#isRunning || (this.#options.state.dirty && this.#failure === undefined)) {
      await (this.#isRunning ? this.#nextEnd() : this.#nextTurn());
    }
  }

  /** Runs `action` when no write is under way, so that disk and {@link durable} say the same. */
  async betweenWrites<T>(action: () => T): Promise<T> {
    if (!this.#isRunning) return action();
    return await new Promise<T>((resolve, reject) => {
      this.#atEnd.push(() => {
        try {
          resolve(action());
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
      this.#hurry?.();
    });
  }

  #start(): void {
    if (this.#isRunning || this.#held || this.#failure !== undefined || !this.#options.state.dirty) return;
    this.#isRunning = true;
    void this.#run();
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { state, onFailed } = this.#options;
    try {
      while (state.dirty && this.#failure === undefined) {
        if (this.#pauseFirst) await this.#pause();
        if (this.#held) {
          // Apply is in the middle of an entry; its release goes on from here, without another pause.
          this.#isRunning = false;
          return;
        }
        this.#isPaused = false;
        const flight = state.takeOff();
        await this.#write(flight);
        state.landed();
        this.#durable = flight.point;
        this.#endWrite();
      }
    } catch (cause) {
      this.#failure ??= new StoreFailedError(
        "The state could not be written. Look at the disk, then start the node again.",
        { cause },
      );
      onFailed(this.#failure);
    }
    this.#isRunning = false;
    this.#endWrite();
    this.#start();
  }

  /** Between two writes: what waited for that goes on. */
  #endWrite(): void {
    const actions = this.#atEnd;
    this.#atEnd = [];
    for (const action of actions) action();
  }

  #nextEnd(): Promise<void> {
    return new Promise((resolve) => {
      this.#atEnd.push(resolve);
      this.#hurry?.();
    });
  }

  get #pauseFirst(): boolean {
    return this.#options.pause !== undefined && !this.#isPaused && this.#atEnd.length === 0;
  }

  /** Lets a little gather, unless somebody waits. */
  async #pause(): Promise<void> {
    const hurried = new Promise<void>((resolve) => {
      this.#hurry = resolve;
    });
    await Promise.race([this.#options.pause?.(), hurried]);
    this.#hurry = undefined;
    this.#isPaused = true;
  }

  async #write(flight: Flight): Promise<void> {
    const { db, markers } = this.#options;
    const batch = new WriteBatch(db);
    for (const { table, changes } of flight.tables) {
      for (const [id, change] of changes) {
        writeChange(batch, table, id, change);
        if (batch.isSliceFull()) await this.#nextTurn();
      }
    }
    for (const [key, value] of flight.singles) batch.set(key, value);
    batch.set(META_KEY, flight.metaBytes);
    const marker = markers.add({
      first: flight.firstIndex,
      last: flight.point.index,
      sizeBytes: batch.sizeBytes,
    });
    batch.set(marker.key, marker.value);
    for (const key of marker.pruned) batch.set(key, undefined);
    await batch.write();
  }

  /** Lets the event loop turn: a read is the only I/O at hand. */
  async #nextTurn(): Promise<void> {
    await this.#options.db.get(META_KEY);
  }
}
