import type { Configuration, Entry, HardState, PersistedState, SnapshotMeta } from "../../../src/types.ts";

export function votersOf(...voters: number[]): Configuration {
  return { voters, votersOutgoing: [], learners: [] };
}

export function snapshotAt(index: number, term: number, configuration: Configuration): SnapshotMeta {
  return { index, term, configuration, featureLevel: 0 };
}

/** A disk that has seen nothing but its founding. */
export function emptyState(configuration: Configuration): PersistedState {
  return { hardState: { term: 0, votedFor: 0 }, snapshot: snapshotAt(0, 0, configuration), entries: [] };
}

/** A log written as its terms: `[1, 1, 2]` is entries 1 and 2 of term 1, entry 3 of term 2. */
export function logOf(terms: readonly number[], firstIndex: number = 1): Entry[] {
  return terms.map((term, at) => normalEntry(firstIndex + at, term));
}

export function normalEntry(index: number, term: number, text: string = `${index}@${term}`): Entry {
  return { index, term, type: "normal", data: bytesOf(text) };
}

export function stateWithLog(
  configuration: Configuration,
  terms: readonly number[],
  hardState?: Partial<HardState>,
): PersistedState {
  const term = hardState?.term ?? terms[terms.length - 1] ?? 0;
  return {
    ...emptyState(configuration),
    hardState: { term, votedFor: hardState?.votedFor ?? 0 },
    entries: logOf(terms),
  };
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function textOf(data: Uint8Array): string {
  return new TextDecoder().decode(data);
}
