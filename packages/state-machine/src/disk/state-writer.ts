/**
 * Writes the state behind apply: one synced, atomic write at a time, in order, off the commit
 * path (G17). What is applied while a write is under way goes into the next one, so that slow
 * disks get larger writes, not a longer queue.
 */
import type { SnapshotMeta } from "@coxswain/raft-core";
import { StoreFailedError } from "../errors.ts";
import type { JobStoreEvent } from "../events.ts";
import { META_KEY } from "../keys.ts";
import type { Change, RecordTable } from "../record-table.ts";
import type { Flight, State } from "../state.ts";
import type { StateDatabase } from "../state-directory.ts";
import type { MarkerSpan } from "./markers.ts";
import { NO_BYTES, toBytes } from "./text.ts";

/** Operations put together between two turns of the event loop. */
const OPERATIONS_PER_SLICE = 512;

export interface StateWriterOptions {
  readonly db: StateDatabase;
  readonly state: State;
  readonly markers: MarkerSpan;
  readonly onWritten: (events: readonly JobStoreEvent[]) => void;
  readonly onFailed: (error: Error) => void;
}

export class StateWriter {
  readonly #options: StateWriterOptions;
  #durable: SnapshotMeta;
  #failure: StoreFailedError | undefined;
  #running: Promise<void> | undefined;
  #held = false;
  #betweenWrites: (() => void)[] = [];

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
    this.#failure ??= new StoreFailedError("The state failed. See the cause, then start the node again.", { cause });
  }

  /** Resolves when a write that is under way is done. Throws when it failed. */
  async current(): Promise<void> {
    await this.#running;
    this.check();
  }

  /** Resolves when everything applied before the call is durable. */
  async flush(): Promise<void> {
    const { index } = this.#options.state.meta.point();
    for (;;) {
      this.check();
      if (this.#durable.index >= index) return;
      await (this.#running ?? this.#nextTurn());
    }
  }

  /** Writes what is left, as far as it can be written. */
  async stop(): Promise<void> {
    if (this.#failure === undefined) await this.flush();
    await this.#running;
  }

  /** Runs `action` when no write is under way, so that disk and {@link durable} say the same. */
  async betweenWrites<T>(action: () => T): Promise<T> {
    if (this.#running === undefined) return action();
    return await new Promise<T>((resolve, reject) => {
      this.#betweenWrites.push(() => {
        try {
          resolve(action());
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
  }

  #start(): void {
    if (this.#running !== undefined || this.#held || this.#failure !== undefined) return;
    if (!this.#options.state.dirty) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      this.#start();
    });
  }

  async #run(): Promise<void> {
    const { state, onWritten, onFailed } = this.#options;
    try {
      while (state.dirty && !this.#held) {
        const flight = state.takeOff();
        await this.#write(flight);
        state.landed();
        this.#durable = flight.point;
        this.#runBetweenWrites();
        onWritten(flight.events);
      }
    } catch (cause) {
      this.#failure = new StoreFailedError("The state could not be written. Look at the disk, then start the node again.", { cause });
      this.#runBetweenWrites();
      onFailed(this.#failure);
    }
  }

  #runBetweenWrites(): void {
    const actions = this.#betweenWrites;
    this.#betweenWrites = [];
    for (const action of actions) action();
  }

  async #write(flight: Flight): Promise<void> {
    const { db, markers } = this.#options;
    const batch = db.batch();
    let [operations, sizeBytes] = [0, 0];
    for (const [key, value] of operationsOf(flight)) {
      if (value === undefined) batch.del(key);
      else batch.put(key, value);
      sizeBytes += key.length + (value?.length ?? 0);
      operations += 1;
      if (operations % OPERATIONS_PER_SLICE === 0) await this.#nextTurn();
    }
    const marker = markers.add({ first: flight.firstIndex, last: flight.point.index, sizeBytes });
    batch.put(marker.key, marker.value);
    for (const key of marker.pruned) batch.del(key);
    const synced: object = { sync: true };
    await batch.write(synced);
  }

  /** Lets the event loop turn: a read is the only I/O at hand. */
  async #nextTurn(): Promise<void> {
    await this.#options.db.get(META_KEY);
  }
}

/** Everything one write puts and removes. */
function* operationsOf(flight: Flight): Generator<readonly [key: string, value: Uint8Array | undefined]> {
  for (const { table, changes } of flight.tables) {
    for (const [id, change] of changes) yield* operationsOfChange(table, id, change);
  }
  yield* flight.singles;
  yield [META_KEY, flight.metaBytes];
}

function* operationsOfChange(
  table: RecordTable<unknown>,
  id: string,
  { before, after, blind }: Change<unknown>,
): Generator<readonly [key: string, value: Uint8Array | undefined]> {
  const { kind } = table;
  if (after !== undefined) yield [kind.key(id), kind.encode(after)];
  else if (before !== undefined || blind) yield [kind.key(id), undefined];
  if (kind.indexes === undefined) return;
  const old = new Map(before === undefined ? [] : kind.indexes(before));
  const fresh = after === undefined ? [] : kind.indexes(after);
  for (const [key, value] of fresh) {
    if (old.get(key) !== value) yield [key, value === "" ? NO_BYTES : toBytes(value)];
    old.delete(key);
  }
  for (const key of old.keys()) yield [key, undefined];
}
