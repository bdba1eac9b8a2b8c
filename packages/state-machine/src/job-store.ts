/**
 * The replicated job store: a Raft state machine on an ordered key-value database.
 */
import type { Entry, Snapshot, SnapshotMeta, StateMachine } from "@coxswain/raft-core";
import { StoreClosedError } from "./errors.ts";
import { EventHub, type JobStoreEventName, type JobStoreEvents } from "./events.ts";
import { JobQueries } from "./job-queries.ts";
import { Mutex } from "./mutex.ts";
import { OpenState, type OpenStateOptions } from "./open-state.ts";
import type { ApplyResult } from "./results.ts";
import { RetiredStates } from "./retired-states.ts";
import { takeSnapshot } from "./snapshot/take-snapshot.ts";
import type { StateDirectory } from "./state-directory.ts";

/** How to open a {@link JobStore}. */
export interface JobStoreOptions {
  readonly directory: StateDirectory;
  /** Bytes of decoded records kept in memory. Default 32 MiB. */
  readonly cacheBytes?: number;
  /** Waiting executions kept in memory; the rest is read from disk. Default 10,000 (G22). */
  readonly queueHeadLimit?: number;
  /** Bytes that may wait for the disk before apply waits as well. Default 4 MiB. */
  readonly maxUnwrittenBytes?: number;
  /**
   * Awaited before each write of the state, unless somebody waits for it: what is applied meanwhile goes into the same write.
   * Some milliseconds spare a busy disk, which the log needs more, most of the state's syncs. Default: no pause.
   */
  readonly pauseBeforeWrite?: () => Promise<void>;
  /** Gets what a listener throws. Default: dropped, since events are hints. */
  readonly onListenerError?: (error: unknown) => void;
}

const MIB = 1024 * 1024;

/** Open one with {@link JobStore.open}; the queries stand in {@link JobQueries}. */
export class JobStore extends JobQueries implements StateMachine<ApplyResult> {
  readonly #options: OpenStateOptions;
  readonly #events: EventHub;
  /** Apply, restore and everything else that must not overlap with them. */
  readonly #exclusive = new Mutex();
  readonly #retired: RetiredStates;
  #open: OpenState;
  #closed = false;

  private constructor(open: OpenState, events: EventHub, options: OpenStateOptions) {
    super();
    this.#open = open;
    this.#events = events;
    this.#options = options;
    this.#retired = new RetiredStates(options.directory);
  }

  /**
   * Opens the current state, or an empty one.
   * Throws {@link StateHoleError} when the state is damaged and {@link FeatureLevelError} when it is too new.
   */
  static async open(options: JobStoreOptions): Promise<JobStore> {
    const events = new EventHub(options.onListenerError ?? (() => {}));
    const openOptions: OpenStateOptions = {
      directory: options.directory,
      cacheBytes: options.cacheBytes ?? 32 * MIB,
      queueHeadLimit: options.queueHeadLimit ?? 10_000,
      maxUnwrittenBytes: options.maxUnwrittenBytes ?? 4 * MIB,
      pause: options.pauseBeforeWrite,
      onApplied: (hints) => {
        for (const { name, payload } of hints) events.emit(name, payload);
      },
      onFailed: (error) => {
        events.emit("failed", { error });
      },
    };
    return new JobStore(await OpenState.current(openOptions), events, openOptions);
  }

  /** Resolves with one result for each entry as soon as memory has them; the disk follows, see {@link durable}. */
  apply(entries: readonly Entry[]): Promise<ApplyResult[]> {
    return this.#exclusive.run(async () => await this.current().applier.apply(entries));
  }

  appliedIndex(): number {
    return this.#open.state.meta.appliedIndex;
  }

  durable(): SnapshotMeta {
    return this.#open.writer.durable;
  }

  /** Resolves when everything applied before the call is durable and its hints are out. */
  async flush(): Promise<void> {
    await this.current().writer.flush();
  }

  async snapshot(): Promise<Snapshot> {
    const { writer, handle } = this.current();
    writer.check();
    return await writer.betweenWrites(() => takeSnapshot(handle, writer.durable));
  }

  /** Throws {@link SnapshotDamagedError} or {@link FeatureLevelError}; the old state then stands. */
  restore(meta: SnapshotMeta, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    return this.#exclusive.run(async () => {
      const old = this.current();
      const next = await OpenState.received(this.#options, meta, chunks);
      // Reads that are under way wait for what the old state has still to write.
      await old.writer.drain();
      try {
        await this.#options.directory.switchTo(next.handle.name);
      } catch (error) {
        // Nobody knows which one a crash would find now: both stay, and the next open removes the other.
        await next.handle.close();
        throw error;
      }
      this.#open = next;
      this.#retired.add(old.handle);
      this.#events.emit("restored", { index: meta.index });
    });
  }

  /** Writes what is left and closes. May be called twice. */
  close(): Promise<void> {
    return this.#exclusive.run(async () => {
      if (this.#closed) return;
      this.#closed = true;
      await this.#open.writer.drain();
      await this.#open.handle.db.close();
      await this.#retired.close();
    });
  }

  /** Hears hints about what changed, after it is written (G2). Returns the function that removes the listener. */
  on<Name extends JobStoreEventName>(
    name: Name,
    listener: (payload: JobStoreEvents[Name]) => void,
  ): () => void {
    return this.#events.on(name, listener);
  }

  protected override current(): OpenState {
    if (this.#closed) throw new StoreClosedError("The job store is closed. Open it again.");
    return this.#open;
  }

  protected override newest(): OpenState {
    return this.#open;
  }

  protected override exclusively<T>(action: () => Promise<T>): Promise<T> {
    return this.#exclusive.run(action);
  }
}
