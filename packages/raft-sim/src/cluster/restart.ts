import type { PersistedState, SnapshotMeta } from "@coxswain/raft-core";
import { ViolationError } from "../violation.ts";
import type { SimDisk } from "./disk.ts";

/**
 * Loads the log and makes it fit the state, as the driver does (G18): after a crash between the state's switch
 * to a snapshot and the log's reset, the log begins anew after the state.
 */
export function reconcile(disk: SimDisk): PersistedState {
  const { hardState, snapshot, entries } = disk.load();
  const { meta } = disk.state;
  if (snapshot.index > meta.index) {
    throw new ViolationError(
      "durability",
      `the log begins after ${snapshot.index}, but the state ends at ${meta.index}`,
    );
  }
  if (contains({ hardState, snapshot, entries }, meta)) return { hardState, snapshot, entries };
  const raised = hardState.term < meta.term ? { term: meta.term, votedFor: 0 } : hardState;
  disk.write({ type: "reset", meta });
  disk.write({ type: "append", batch: { id: 0, hardState: raised, entries: [] } });
  disk.complete();
  disk.complete();
  return { hardState: raised, snapshot: meta, entries: [] };
}

function contains({ snapshot, entries }: PersistedState, { index, term }: SnapshotMeta): boolean {
  return index === snapshot.index || entries[index - snapshot.index - 1]?.term === term;
}
