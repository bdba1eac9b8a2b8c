import { describe, expect, test } from "@jest/globals";
import type { Message } from "../../src/index.ts";
import { AppendSamples } from "../../src/node/append-samples.ts";

function under() {
  const time = { nowMs: 0, reads: 0 };
  const taken: (readonly [peer: number, latencyMs: number])[] = [];
  const samples = new AppendSamples({
    now: () => (time.reads++, time.nowMs),
    onSample: (peer, latencyMs) => taken.push([peer, latencyMs]),
  });
  return { samples, time, taken };
}

/** Entries `from` to `to`, of the term of the message unless told otherwise. */
function append(
  from: number,
  to: number,
  { peer = 2, term = 5, entryTerm = term }: { peer?: number; term?: number; entryTerm?: number } = {},
): Message[] {
  const entries = Array.from({ length: to - from + 1 }, (_, i) => ({
    index: from + i,
    term: entryTerm,
    type: "normal" as const,
    data: new Uint8Array(),
  }));
  const prev = { prevLogIndex: from - 1, prevLogTerm: entryTerm };
  return [{ type: "appendRequest", from: 1, to: peer, term, ...prev, entries, leaderCommit: 0 }];
}

function answer(index: number, { peer = 2, term = 5, success = true } = {}): Message[] {
  return [{ type: "appendResponse", from: peer, to: 1, term, success, index, hintIndex: 0, hintTerm: 0 }];
}

test("a sample lasts from the sending of entries to the answer that covers the last of them", () => {
  const { samples, time, taken } = under();
  samples.sent(append(11, 13));
  time.nowMs = 4;
  samples.received(answer(12));
  expect(taken).toEqual([]);
  time.nowMs = 9;
  samples.received(answer(13));
  samples.received(answer(13));
  expect(taken).toEqual([[2, 9]]);
});

test("each peer has one sample at a time; what is sent meanwhile is not timed", () => {
  const { samples, time, taken } = under();
  samples.sent([...append(11, 11), ...append(11, 11, { peer: 3 })]);
  time.nowMs = 5;
  samples.sent(append(12, 12));
  time.nowMs = 7;
  samples.received(answer(12));
  samples.received(answer(11, { peer: 3 }));
  time.nowMs = 10;
  samples.sent(append(13, 13));
  time.nowMs = 12;
  samples.received(answer(13));
  expect(taken).toEqual([
    [2, 7],
    [3, 7],
    [2, 2],
  ]);
});

describe("no sample is taken of", () => {
  test("entries that were sent again, as nobody knows which message is answered (Karn's algorithm)", () => {
    const { samples, time, taken } = under();
    samples.sent(append(11, 13));
    time.nowMs = 100;
    samples.sent(append(12, 13));
    time.nowMs = 103;
    samples.received(answer(13));
    expect(taken).toEqual([]);
    samples.sent(append(14, 14));
    time.nowMs = 105;
    samples.received(answer(14));
    expect(taken).toEqual([[2, 2]]);
  });

  test("entries that a snapshot replaced", () => {
    const { samples, taken } = under();
    samples.sent(append(11, 11));
    samples.replaced(2);
    samples.received(answer(40));
    expect(taken).toEqual([]);
  });

  test("refusals, and answers of another term", () => {
    const { samples, taken } = under();
    samples.sent(append(11, 11));
    samples.received(answer(11, { success: false }));
    samples.received(answer(11, { term: 4 }));
    samples.sent(append(12, 12, { term: 6 }));
    samples.received(answer(11));
    samples.received(answer(12));
    expect(taken).toEqual([]);
    samples.received(answer(12, { term: 6 }));
    expect(taken).toEqual([[2, 0]]);
  });

  test("entries of earlier terms, which the peer may hold already", () => {
    const { samples, taken } = under();
    samples.sent(append(11, 12, { entryTerm: 4 }));
    samples.received(answer(12));
    expect(taken).toEqual([]);
  });

  test("messages without entries, nor is the clock read for them", () => {
    const { samples, time, taken } = under();
    samples.sent(append(11, 10));
    samples.received(answer(10));
    expect([taken, time.reads]).toEqual([[], 0]);
  });
});
