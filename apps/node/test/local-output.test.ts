import { expect, test } from "@jest/globals";
import type { OutputPiece } from "@coxswain/protocol";
import { OutputStream } from "@coxswain/protocol";
import type { AttemptReaderOptions, OutputRecord } from "@coxswain/worker";
import { localStream } from "../src/local-output.ts";

const request = { executionId: "a.1.1", attempt: 2, noFollow: false };
const { signal } = new AbortController();

/** A worker that holds these records of attempt 2, or fails to read them. */
function workerWith(records: readonly OutputRecord[], failure?: Error) {
  const asked: unknown[] = [];
  const reader = async function* (options?: AttemptReaderOptions): AsyncGenerator<OutputRecord, void, undefined> {
    asked.push({ ...options });
    yield* await Promise.resolve(records);
    if (failure !== undefined) throw failure;
  };
  const output = (_id: string, attempt: number) => (attempt === 2 ? { reader } : undefined);
  return { asked, output, outputOnceStarted: (id: string, attempt: number) => Promise.resolve(output(id, attempt)) };
}

async function piecesOf(pieces: AsyncIterable<OutputPiece>): Promise<Partial<OutputPiece>[]> {
  const seen: Partial<OutputPiece>[] = [];
  for await (const { data, ...piece } of pieces) seen.push({ ...piece, data: Uint8Array.from(data) });
  return seen;
}

test("what a worker holds becomes pieces with the same offsets, ended where the exit record was", async () => {
  const worker = workerWith([
    { kind: "gap", from: 0, to: 3 },
    { kind: "chunk", offset: 3, stream: "stderr", bytes: Uint8Array.of(0, 255) },
    { kind: "exit", offset: 5, outcome: "failed", exitCode: 1 },
  ]);
  const pieces = await piecesOf(localStream(worker)(request, { signal }));
  const nothing = { data: new Uint8Array(), stream: OutputStream.UNSPECIFIED, gapBytes: 0, ended: false, unknown: false };
  expect(pieces).toEqual([
    { ...nothing, offset: 0, gapBytes: 3 },
    { ...nothing, offset: 3, data: Uint8Array.of(0, 255), stream: OutputStream.STDERR },
    { ...nothing, offset: 5, ended: true },
  ]);
});

test("a reader begins where it is asked to, and takes pieces of a bounded size", async () => {
  const worker = workerWith([]);
  for (const where of [{}, { offset: 7 }, { tailBytes: 9, noFollow: true }]) await piecesOf(localStream(worker)({ ...request, ...where }, { signal }));
  const common = { maxBytes: 32 * 1024, noFollow: false, signal };
  expect(worker.asked).toEqual([
    { ...common, offset: 0 },
    { ...common, offset: 7 },
    { ...common, noFollow: true, tailBytes: 9 },
  ]);
});

test("only who follows waits for an attempt that has not begun, as while its image is pulled", async () => {
  const never = { output: () => undefined, outputOnceStarted: () => new Promise<undefined>(() => {}) };
  const pieces = piecesOf(localStream(never)({ ...request, noFollow: true }, { signal }));
  expect(await pieces).toEqual([expect.objectContaining({ unknown: true })]);
});

test("what is not held, or was taken by retention just now, is said to be unknown; any other failure is one", async () => {
  const unknown = [expect.objectContaining({ unknown: true })];
  expect(await piecesOf(localStream(workerWith([]))({ ...request, attempt: 1 }, { signal }))).toEqual(unknown);
  const gone = Object.assign(new Error("gone"), { code: "ENOENT" });
  expect(await piecesOf(localStream(workerWith([], gone))(request, { signal }))).toEqual(unknown);
  await expect(piecesOf(localStream(workerWith([], new Error("EIO")))(request, { signal }))).rejects.toThrow("EIO");
});
