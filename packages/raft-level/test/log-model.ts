/**
 * A log as it should be, and random operations on it that a seed decides. The process that carries them out and the one
 * that checks afterwards draw the same ones.
 */
import { isDeepStrictEqual } from "node:util";
import type { AppendBatch, Entry, HardState, PersistedState, SnapshotMeta } from "@coxswain/raft-core";

export type Operation =
  | { readonly kind: "append"; readonly batch: AppendBatch }
  | { readonly kind: "compact"; readonly snapshot: SnapshotMeta }
  | { readonly kind: "reset"; readonly snapshot: SnapshotMeta };

export interface LogModel {
  readonly hardState: HardState;
  readonly snapshot: SnapshotMeta;
  /** The terms of the entries after the snapshot. */
  readonly terms: readonly number[];
}

/** Entries that a log is let grow to before most operations compact or reset it. */
const MANY_ENTRIES = 400;
const LARGEST_BYTES = 60_000;

export function modelOf({ hardState, snapshot, entries }: PersistedState): LogModel {
  return { hardState, snapshot, terms: entries.map(({ term }) => term) };
}

/** The operation that comes next in a life of the log under the term `life`. */
export function drawOperation(model: LogModel, life: number, random: () => number): Operation {
  const draw = random();
  const last = lastIndexOf(model);
  const many = model.terms.length > MANY_ENTRIES;
  if (draw < (many ? 0.5 : 0.04))
    return {
      kind: "compact",
      snapshot: snapshotAt(model, model.snapshot.index + Math.floor(random() * (model.terms.length + 1))),
    };
  // A leader's snapshot was installed: it reaches beyond the log, or holds another entry where this one ends.
  if (draw < (many ? 0.6 : 0.06))
    return {
      kind: "reset",
      snapshot: { ...snapshotAt(model, last), index: last + Math.floor(random() * 50), term: life },
    };
  const hardState = { term: Math.max(life, model.hardState.term), votedFor: 1 + Math.floor(random() * 3) };
  if (draw < (many ? 0.65 : 0.12)) return { kind: "append", batch: { id: 1, hardState, entries: [] } };
  const rewritten = random() < 0.1 ? Math.floor(random() * Math.min(20, model.terms.length)) : 0;
  const count = 1 + Math.floor(random() ** 3 * 40);
  const entries = Array.from({ length: count }, (_, offset) =>
    entryAt(last + 1 - rewritten + offset, life, random),
  );
  return { kind: "append", batch: { id: 1, entries, ...(random() < 0.3 ? { hardState } : {}) } };
}

/** The log after the operation. */
export function afterOperation(model: LogModel, operation: Operation): LogModel {
  const { snapshot, terms } = model;
  if (operation.kind === "compact" && operation.snapshot.index === snapshot.index) return model;
  if (operation.kind === "compact")
    return {
      ...model,
      snapshot: operation.snapshot,
      terms: terms.slice(operation.snapshot.index - snapshot.index),
    };
  if (operation.kind === "reset") return { ...model, snapshot: operation.snapshot, terms: [] };
  const { entries, hardState = model.hardState } = operation.batch;
  const kept = entries[0] ? terms.slice(0, entries[0].index - snapshot.index - 1) : terms;
  return { snapshot, hardState, terms: [...kept, ...entries.map(({ term }) => term)] };
}

/** Whether `state` is the model: nothing missing, nothing more, every byte as written. */
export function isModel(state: PersistedState, model: LogModel): boolean {
  return isDeepStrictEqual(modelOf(state), model);
}

/** The first entry that is out of place, or has other bytes than were written; `undefined` when all is well. */
export function badEntry({ snapshot, entries }: PersistedState): string | undefined {
  let term = snapshot.term;
  for (const [position, entry] of entries.entries()) {
    if (entry.index !== snapshot.index + 1 + position) return `entry ${entry.index} is out of place`;
    if (entry.term < term) return `entry ${entry.index} has the term ${entry.term}, after ${term}`;
    if (Buffer.compare(entry.data, bytesOf(entry.index, entry.term, entry.data.length)) !== 0)
      return `entry ${entry.index} has other bytes`;
    term = entry.term;
  }
  return undefined;
}

/** For a person: hard state, snapshot, and the runs of entries of one term. */
export function describeModel({ hardState, snapshot, terms }: LogModel): string {
  const runs = terms.flatMap((term, at) =>
    term === terms[at - 1] ? [] : [`${snapshot.index + 1 + at}:${term}`],
  );
  return `term ${hardState.term} vote ${hardState.votedFor}, snapshot ${snapshot.index}:${snapshot.term}, ${terms.length} entries ${runs.join(" ")}`;
}

function lastIndexOf({ snapshot, terms }: LogModel): number {
  return snapshot.index + terms.length;
}

function snapshotAt({ snapshot, terms }: LogModel, index: number): SnapshotMeta {
  const term = terms[index - snapshot.index - 1] ?? snapshot.term;
  return {
    index,
    term,
    configuration: { voters: [1, 2, 3], votersOutgoing: [], learners: [index] },
    featureLevel: 1,
  };
}

function entryAt(index: number, term: number, random: () => number): Entry {
  return {
    index,
    term,
    type: "normal",
    data: bytesOf(index, term, Math.floor(random() ** 8 * LARGEST_BYTES)),
  };
}

function bytesOf(index: number, term: number, sizeBytes: number): Uint8Array {
  return new Uint8Array(sizeBytes).fill((index * 31 + term + sizeBytes) % 251);
}
