/**
 * Batch markers (G17): each write says which entries it held. LevelDB opens silently after
 * losing writes in the middle of its log; the markers of the last writes then do not tile.
 */
import { StateHoleError } from "../errors.ts";
import { endOf, MARKER_PREFIX, markerKey } from "../keys.ts";
import type { StateDatabase } from "../state-directory.ts";
import { fromBytes, toBytes } from "./text.ts";

/** One write. */
export interface Marker {
  readonly first: number;
  readonly last: number;
  readonly sizeBytes: number;
}

/** The markers of the span that a power cut can touch, oldest first. */
export class MarkerSpan {
  readonly #spanBytes: number;
  #markers: Marker[];
  #bytes: number;

  constructor(spanBytes: number, markers: readonly Marker[] = []) {
    this.#spanBytes = spanBytes;
    this.#markers = [...markers];
    this.#bytes = markers.reduce((sum, marker) => sum + marker.sizeBytes, 0);
  }

  /** Adds a write. Gives the key and value to put, and the keys of markers that are outside the span now. */
  add(marker: Marker): { key: string; value: Uint8Array; pruned: string[] } {
    this.#markers.push(marker);
    this.#bytes += marker.sizeBytes;
    const pruned = this.#prune();
    const { last, sizeBytes } = marker;
    const oldest = this.#markers[0]?.first ?? marker.first;
    return {
      key: markerKey(marker.first),
      value: toBytes(JSON.stringify([last, sizeBytes, oldest])),
      pruned,
    };
  }

  #prune(): string[] {
    let count = 0;
    for (const marker of this.#markers) {
      if (this.#bytes - marker.sizeBytes < this.#spanBytes) break;
      this.#bytes -= marker.sizeBytes;
      count += 1;
    }
    return this.#markers.splice(0, count).map((marker) => markerKey(marker.first));
  }
}

/** Reads the markers. Throws {@link StateHoleError} unless they tile up to `appliedIndex`. */
export async function readMarkers(db: StateDatabase, appliedIndex: number): Promise<Marker[]> {
  const markers: Marker[] = [];
  let oldest = appliedIndex + 1;
  for await (const [key, value] of db.iterator({ gte: MARKER_PREFIX, lt: endOf(MARKER_PREFIX) })) {
    const first = Number.parseInt(key.slice(MARKER_PREFIX.length), 16);
    const [last, sizeBytes, oldestThen] = JSON.parse(fromBytes(value)) as [number, number, number];
    const previous = markers.at(-1);
    if (previous !== undefined && previous.last + 1 !== first) throw hole(previous.last + 1, first - 1);
    markers.push({ first, last, sizeBytes });
    oldest = oldestThen;
  }
  const [head, tail] = [markers[0], markers.at(-1)];
  if ((tail?.last ?? 0) !== appliedIndex) throw hole((tail?.last ?? 0) + 1, appliedIndex);
  if (head !== undefined && head.first > oldest) throw hole(oldest, head.first - 1);
  return markers;
}

function hole(from: number, to: number): StateHoleError {
  return new StateHoleError(
    `The state lost entries ${from} to ${to}, most likely in a power cut. Move the state's directory away; the node gets a new one from a peer.`,
  );
}
