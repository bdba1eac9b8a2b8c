/**
 * The marker that every write carries. Markers number the writes without a hole, so that a
 * write which LevelDB lost in silence is missed; the newest one holds the hard state and says
 * where the log ends and what the last batch was.
 */
import type { HardState } from "@coxswain/raft-core";
import { getUint53, putUint53, viewOf } from "./byte-fields.ts";
import { crc32c } from "./crc32c.ts";

export interface BatchMarker {
  /** Rises by one with each write; the first is 0. */
  readonly sequence: number;
  /** The lowest index this write put; 0 when it put none. */
  readonly firstIndex: number;
  /** The last index of the log after this write. */
  readonly lastIndex: number;
  /** Roughly what the write took of LevelDB's write-ahead log. */
  readonly sizeBytes: number;
  readonly hardState: HardState;
}

const LENGTH = 48;

export function encodeMarker(marker: BatchMarker): Uint8Array {
  const record = new Uint8Array(LENGTH);
  const view = viewOf(record);
  putUint53(view, 4, marker.sequence);
  putUint53(view, 12, marker.firstIndex);
  putUint53(view, 20, marker.lastIndex);
  putUint53(view, 28, marker.hardState.term);
  view.setUint32(36, marker.hardState.votedFor, true);
  putUint53(view, 40, marker.sizeBytes);
  view.setUint32(0, crc32c(record, 4), true);
  return record;
}

/** The marker, or `undefined` when the record is damaged. */
export function decodeMarker(record: Uint8Array): BatchMarker | undefined {
  if (record.length !== LENGTH) return undefined;
  const view = viewOf(record);
  if (view.getUint32(0, true) !== crc32c(record, 4)) return undefined;
  const [sequence, firstIndex, lastIndex, term, sizeBytes] = [4, 12, 20, 28, 40].map((at) =>
    getUint53(view, at),
  );
  if (sequence === undefined || firstIndex === undefined || lastIndex === undefined) return undefined;
  if (term === undefined || sizeBytes === undefined) return undefined;
  return {
    sequence,
    firstIndex,
    lastIndex,
    sizeBytes,
    hardState: { term, votedFor: view.getUint32(36, true) },
  };
}
