import type { Configuration, Entry, SnapshotMeta } from "../types.ts";

/** What a suite needs of a test framework: jest's, vitest's and node's `test` all fit. */
export interface SuiteTools {
  test(name: string, body: () => Promise<void>): unknown;
}

/** Throws unless the claim holds. */
export function claim(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new Error(`Not true: ${sentence}`);
}

/** Throws unless both say the same as JSON, bytes written as lists. */
export function claimSame(actual: unknown, expected: unknown, sentence: string): void {
  const [a, e] = [canonical(actual), canonical(expected)];
  if (a !== e) throw new Error(`Not true: ${sentence}\n  expected ${e}\n  actual   ${a}`);
}

/** Throws unless the promise rejects; gives back what it rejected with. */
export async function claimRejects(promise: Promise<unknown>, sentence: string): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`Not true: ${sentence}`);
}

export const VOTERS: Configuration = { voters: [1, 2, 3], votersOutgoing: [], learners: [] };

export function metaAt(index: number, term: number): SnapshotMeta {
  return { index, term, configuration: VOTERS, featureLevel: 0 };
}

export function entryAt(
  index: number,
  term: number,
  data: Uint8Array = new Uint8Array([index % 256]),
): Entry {
  return { index, term, type: "normal", data };
}

export function entriesBetween(first: number, last: number, term: number): Entry[] {
  return Array.from({ length: last - first + 1 }, (_, offset) => entryAt(first + offset, term));
}

export async function* chunksFrom(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (part instanceof Uint8Array) return [...part];
    if (part === null || typeof part !== "object" || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
