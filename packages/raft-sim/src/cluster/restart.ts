import type { PersistedState, SnapshotMeta } from "@coxswain/raft-core";
import { ViolationError } from "../violation.ts";
import type { SimDisk } from "./disk.ts";
import type { DiskOperation } from "./disk-operation.ts";

/**
 * Loads the log and makes it fit the state, as the driver does (G18): after a crash between the state's switch
 * to a snapshot and the log's reset, the log begins anew after the state. A state that was lost and ends before the
 * log begins is left for a leader to replace (G17). `store` makes one write durable, or says that the power failed;
 * then the result is undefined.
 */
export function reconcile(
  disk: SimDisk,
  store: (operation: DiskOperation) => boolean,
): PersistedState | undefined {
  const { hardState, snapshot, entries } = disk.load();
  const { meta } = disk.state;
  if (snapshot.index > meta.index && !disk.isStateLost) {
    throw new ViolationError(
      "durability",
      `the log begins after ${snapshot.index}, but the state ends at ${meta.index}`,
    );
  }
  if (contains({ hardState, snapshot, entries }, meta)) return { hardState, snapshot, entries };
  // The term first: a log that begins in a term that its node has not heard of would be no log of Raft.
  const isBehind = hardState.term < meta.term;
  const raised = isBehind ? { term: meta.term, votedFor: 0 } : hardState;
  if (isBehind && !store({ type: "append", batch: { id: 0, hardState: raised, entries: [] } }))
    return undefined;
  if (!store({ type: "reset", meta })) return undefined;
  return { hardState: raised, snapshot: meta, entries: [] };
}

function contains({ snapshot, entries }: PersistedState, { index, term }: SnapshotMeta): boolean {
  return index <= snapshot.index || entries[index - snapshot.index - 1]?.term === term;
}
