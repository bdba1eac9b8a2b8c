/**
 * A consistent view of the state as a stream (G18): what is applied later does not move it.
 */
import type { Snapshot, SnapshotMeta } from "@coxswain/raft-core";
import type { DatabaseHandle } from "../database-handle.ts";
import { MARKER_PREFIX } from "../keys.ts";
import { encodeEnd, encodePairs, type Pair } from "./frames.ts";

const CHUNK_BYTES = 128 * 1024;
const PAIRS_PER_READ = 512;

/** Call between two writes, when `meta` is what stands on disk. */
export function takeSnapshot(handle: DatabaseHandle, meta: SnapshotMeta): Snapshot {
  const release = handle.retain();
  const view = handle.db.snapshot();
  let closed: Promise<void> | undefined;
  const reading = handle.db.iterator({ snapshot: view });
  const close = async (): Promise<void> => {
    await reading.close();
    await view.close();
    release();
  };
  return {
    meta,
    chunks: chunksOf(reading, meta),
    close: () => (closed ??= close()),
  };
}

interface PairReader {
  nextv(size: number): Promise<[string, Uint8Array][]>;
}

async function* chunksOf(reading: PairReader, { index, term }: SnapshotMeta): AsyncGenerator<Uint8Array> {
  let pairs = 0;
  let pending: Pair[] = [];
  let pendingBytes = 0;
  for (;;) {
    const some = await reading.nextv(PAIRS_PER_READ);
    if (some.length === 0) break;
    for (const pair of some) {
      if (pair[0].startsWith(MARKER_PREFIX)) continue;
      pending.push(pair);
      pendingBytes += pair[0].length + pair[1].length;
      pairs += 1;
      if (pendingBytes < CHUNK_BYTES) continue;
      yield encodePairs(pending);
      [pending, pendingBytes] = [[], 0];
    }
  }
  if (pending.length > 0) yield encodePairs(pending);
  yield encodeEnd({ index, term, pairs });
}
