/**
 * One open database and what works on it.
 */
import type { SnapshotMeta } from "@coxswain/raft-core";
import { Applier } from "./apply/applier.ts";
import { DatabaseHandle } from "./database-handle.ts";
import { MarkerSpan, readMarkers } from "./disk/markers.ts";
import { readWorkingSet } from "./disk/read-working-set.ts";
import { StateWriter } from "./disk/state-writer.ts";
import { StateHoleError } from "./errors.ts";
import type { JobStoreEvent } from "./events.ts";
import { receiveSnapshot } from "./snapshot/receive-snapshot.ts";
import type { State, StateLimits } from "./state.ts";
import type { StateDatabase, StateDirectory } from "./state-directory.ts";

/** LevelDB holds two logs of 4 MiB by default, each a little over. */
const DEFAULT_WRITE_AHEAD_BYTES = 16 * 1024 * 1024;

/** What a first start opens. */
const FIRST_NAME = stateName(0);

export interface OpenStateOptions extends StateLimits {
  readonly directory: StateDirectory;
  readonly maxUnwrittenBytes: number;
  readonly pause: (() => Promise<void>) | undefined;
  readonly onApplied: (events: readonly JobStoreEvent[]) => void;
  readonly onFailed: (error: Error) => void;
}

export class OpenState {
  readonly handle: DatabaseHandle;
  readonly state: State;
  readonly writer: StateWriter;
  readonly applier: Applier;

  private constructor(handle: DatabaseHandle, state: State, writer: StateWriter, options: OpenStateOptions) {
    this.handle = handle;
    this.state = state;
    this.writer = writer;
    const { maxUnwrittenBytes, onApplied } = options;
    this.applier = new Applier({ db: handle.db, state, writer, maxUnwrittenBytes, onApplied });
  }

  /** Opens the current state, or a first, empty one. Removes what an interrupted restore left. */
  static async current(options: OpenStateOptions): Promise<OpenState> {
    const { directory } = options;
    const current = await directory.current();
    const names = await directory.list();
    refuseLost(current, names);
    const name = current ?? FIRST_NAME;
    for (const other of names) if (other !== name) await directory.destroy(other);
    const open = await OpenState.#open(name, await directory.open(name), options);
    if (current === undefined) await directory.switchTo(name);
    return open;
  }

  /** Receives a snapshot into a database of its own; nothing is left of it when it is refused. */
  static async received(
    options: OpenStateOptions,
    meta: SnapshotMeta,
    chunks: AsyncIterable<Uint8Array>,
  ): Promise<OpenState> {
    const { directory } = options;
    const name = await freshName(directory, meta.index);
    const db = await directory.open(name);
    try {
      await receiveSnapshot(db, meta, chunks);
      return await OpenState.#open(name, db, options);
    } catch (error) {
      await db.close();
      await directory.destroy(name);
      throw error;
    }
  }

  static async #open(name: string, db: StateDatabase, options: OpenStateOptions): Promise<OpenState> {
    try {
      const state = await readWorkingSet(db, options);
      const markers = await readMarkers(db, state.meta.appliedIndex);
      const span = new MarkerSpan(options.directory.writeAheadBytes ?? DEFAULT_WRITE_AHEAD_BYTES, markers);
      const { pause, onFailed } = options;
      const writer = new StateWriter({ db, state, markers: span, pause, onFailed });
      return new OpenState(new DatabaseHandle(name, db), state, writer, options);
    } catch (error) {
      await db.close();
      throw error;
    }
  }
}

/** A first start names a state before there is a second one, so states without a name were not left by a crash. */
function refuseLost(current: string | undefined, names: readonly string[]): void {
  const unnamed = names.find((name) => name !== FIRST_NAME);
  if (current === undefined ? unnamed === undefined : names.includes(current)) return;
  const what =
    current === undefined
      ? `There is a state, ${String(unnamed)}, but nothing says that it is the current one.`
      : `The current state, ${current}, is not there.`;
  throw new StateHoleError(`${what} Move the state's directory away; the node gets a new one from a peer.`);
}

function stateName(index: number): string {
  return `state-${index}`;
}

/** A name that no database has, so that nothing in use is touched. */
async function freshName(directory: StateDirectory, index: number): Promise<string> {
  const taken = new Set([...(await directory.list()), await directory.current()]);
  for (let copy = 0; ; copy++) {
    const name = copy === 0 ? stateName(index) : `${stateName(index)}-${copy}`;
    if (!taken.has(name)) return name;
  }
}
