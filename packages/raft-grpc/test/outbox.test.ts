import { expect, test } from "@jest/globals";
import type { Message } from "@coxswain/raft-core";
import { messageBound } from "../src/message-codec.ts";
import { Outbox } from "../src/outbox.ts";

const LIMITS = { maxQueuedMessages: 4, maxQueuedBytes: 10_000, maxMessageBytes: 5_000 };

function heartbeat(term: number): Message {
  return { type: "heartbeatRequest", from: 1, to: 2, term, leaderCommit: 0, readContext: 0 };
}

function append(term: number, sizeBytes: number): Message {
  const entries = [{ index: 1, term, type: "normal" as const, data: new Uint8Array(sizeBytes) }];
  return { type: "appendRequest", from: 1, to: 2, term, prevLogIndex: 0, prevLogTerm: 0, leaderCommit: 0, entries };
}

function terms(messages: Message[]): number[] {
  return messages.map((message) => message.term);
}

test("messages leave in the order in which they came", () => {
  const outbox = new Outbox({ ...LIMITS, maxQueuedMessages: 1_000 });
  const taken: number[] = [];
  for (let term = 1; term <= 100; term++) {
    outbox.push(heartbeat(term));
    if (term % 7 === 0) taken.push(...terms(outbox.take(2 * messageBound(heartbeat(1)))));
  }
  taken.push(...terms(outbox.take(1_000_000)));
  expect(taken).toEqual(Array.from({ length: 100 }, (_, position) => position + 1));
  expect([outbox.length, outbox.sizeBytes, outbox.dropped]).toEqual([0, 0, 0]);
});

test("the oldest are dropped and counted when there are too many", () => {
  const outbox = new Outbox(LIMITS);
  for (let term = 1; term <= 10; term++) outbox.push(heartbeat(term));
  expect(outbox.dropped).toBe(6);
  expect(terms(outbox.take(1_000_000))).toEqual([7, 8, 9, 10]);
});

test("the oldest are dropped and counted when they are too large together", () => {
  const outbox = new Outbox(LIMITS);
  for (let term = 1; term <= 4; term++) outbox.push(append(term, 4_000));
  expect(outbox.sizeBytes).toBeLessThanOrEqual(LIMITS.maxQueuedBytes);
  expect(terms(outbox.take(1_000_000))).toEqual([3, 4]);
});

test("a message that no peer could receive is dropped itself", () => {
  const outbox = new Outbox(LIMITS);
  outbox.push(heartbeat(1));
  outbox.push(append(2, 6_000));
  expect(outbox.dropped).toBe(1);
  expect(terms(outbox.take(1_000_000))).toEqual([1]);
});

test("at least one message is taken, however large", () => {
  const outbox = new Outbox(LIMITS);
  outbox.push(append(1, 4_000));
  outbox.push(append(2, 4_000));
  expect(terms(outbox.take(10))).toEqual([1]);
});
