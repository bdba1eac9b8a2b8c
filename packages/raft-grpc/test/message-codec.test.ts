import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Entry, Message, SnapshotMeta } from "@coxswain/raft-core";
import { MalformedMessageError } from "../src/errors.ts";
import { MessageBatch } from "../src/gen/raft/v1/raft.ts";
import { decodeConfiguration, encodeConfiguration } from "../src/configuration-codec.ts";
import { decodeMessages, encodeBatch, messageBound } from "../src/message-codec.ts";

const id = fc.integer({ min: 0, max: 0xffff_ffff });
const number = fc.oneof(fc.maxSafeNat(), fc.integer({ min: 0, max: 300 }), fc.constantFrom(2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1));
const head = { from: id, to: id, term: number };
const configuration = fc.record({ voters: fc.array(id), votersOutgoing: fc.array(id), learners: fc.array(id) });
const snapshot: fc.Arbitrary<SnapshotMeta> = fc.record({ index: number, term: number, configuration, featureLevel: id });
const entry: fc.Arbitrary<Entry> = fc.record({
  index: number,
  term: number,
  type: fc.constantFrom("normal", "noop", "config"),
  data: fc.uint8Array({ maxLength: 300 }),
});

function kind<T extends Message["type"], Fields extends object>(type: T, fields: { [F in keyof Fields]: fc.Arbitrary<Fields[F]> }) {
  return fc.record({ type: fc.constant(type), ...head, ...fields }) as unknown as fc.Arbitrary<Message>;
}

const vote = { lastLogIndex: number, lastLogTerm: number };
const refusal = { success: fc.boolean(), index: number, hintIndex: number, hintTerm: number };
const message: fc.Arbitrary<Message> = fc.oneof(
  kind("preVoteRequest", vote),
  kind("preVoteResponse", { granted: fc.boolean() }),
  kind("voteRequest", { ...vote, transfer: fc.boolean() }),
  kind("voteResponse", { granted: fc.boolean() }),
  kind("appendRequest", { prevLogIndex: number, prevLogTerm: number, entries: fc.array(entry, { maxLength: 20 }), leaderCommit: number }),
  kind("appendResponse", refusal),
  kind("appendResponse", { ...refusal, needsSnapshot: fc.constant(true) }),
  kind("heartbeatRequest", { leaderCommit: number, readContext: number }),
  kind("heartbeatResponse", { readContext: number }),
  kind("snapshotRequest", { snapshot }),
  kind("timeoutNow", {}),
  kind("readIndexRequest", { context: number }),
  kind("readIndexResponse", { context: number, index: number }),
);
const messages = fc.array(message, { maxLength: 8 });

function payloadOf(batch: Buffer): Uint8Array {
  return MessageBatch.decode(batch).messages;
}

describe("a batch", () => {
  test("is a protobuf MessageBatch, and gives back the messages put in", () => {
    fc.assert(
      fc.property(messages, (sent) => {
        const batch = encodeBatch(sent);
        expect(MessageBatch.decode(batch).handshake).toBeUndefined();
        expect(decodeMessages(payloadOf(batch))).toEqual(sent);
      }),
    );
  });

  test("is never larger than the bounds of its messages", () => {
    fc.assert(
      fc.property(message, (sent) => expect(payloadOf(encodeBatch([sent])).length).toBeLessThanOrEqual(messageBound(sent))),
    );
  });
});

test("a refusal carries whether a snapshot is needed, and one byte says so", () => {
  const refusal = { type: "appendResponse", from: 3, to: 1, term: 2, success: false, index: 7, hintIndex: 4, hintTerm: 1 } as const;
  const asking = { ...refusal, needsSnapshot: true } as const;
  const [plain, asked] = [payloadOf(encodeBatch([refusal])), payloadOf(encodeBatch([asking]))];
  expect(asked.filter((byte, at) => byte !== plain[at])).toHaveLength(1);
  expect(decodeMessages(plain)).toStrictEqual([refusal]);
  expect(decodeMessages(asked)).toStrictEqual([asking]);
});

describe("bytes that are no messages", () => {
  test("throw MALFORMED_MESSAGE or give messages, whatever they are", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), decodesOrRefuses));
  });

  test("throw MALFORMED_MESSAGE or give messages when a byte of a real batch is changed", () => {
    fc.assert(
      fc.property(messages, fc.nat(), fc.integer({ min: 0, max: 255 }), (sent, place, value) => {
        const bytes = Uint8Array.from(payloadOf(encodeBatch(sent)));
        if (bytes.length > 0) bytes[place % bytes.length] = value;
        decodesOrRefuses(bytes);
      }),
    );
  });

  test("throw MALFORMED_MESSAGE when a message is cut short", () => {
    fc.assert(
      fc.property(message, fc.nat(), (sent, place) => {
        const bytes = payloadOf(encodeBatch([sent]));
        const length = place % bytes.length;
        if (length > 0) expect(() => decodeMessages(bytes.subarray(0, length))).toThrow(MalformedMessageError);
      }),
    );
  });

  test.each([
    ["an unknown kind", [12, 1, 2, 3]],
    ["a number of nine bytes", [9, 1, 2, 255, 255, 255, 255, 255, 255, 255, 255, 1]],
    ["a number of 2^53", [9, 1, 2, 128, 128, 128, 128, 128, 128, 128, 16]],
    ["an id of 2^32", [9, 128, 128, 128, 128, 16, 2, 3]],
    ["a boolean of 2", [3, 1, 2, 3, 2]],
    ["a list longer than the message", [4, 1, 2, 3, 4, 5, 6, 255, 255, 255, 127]],
    ["an entry of an unknown type", [4, 1, 2, 3, 4, 5, 6, 1, 3, 1, 1, 0]],
    ["data longer than the message", [4, 1, 2, 3, 4, 5, 6, 1, 0, 1, 1, 100]],
  ])("are refused: %s", (_what, bytes) => {
    expect(() => decodeMessages(Uint8Array.from(bytes))).toThrow(
      expect.objectContaining({ code: "MALFORMED_MESSAGE", category: "invalid" }),
    );
  });

  test("never reach beyond the view given", () => {
    const surroundings = new Uint8Array(64).fill(7);
    surroundings.set([4, 1, 2, 3, 4, 5, 6, 1, 0, 1, 1, 20], 10);
    expect(() => decodeMessages(surroundings.subarray(10, 22))).toThrow(MalformedMessageError);
  });
});

test("a configuration alone goes there and back, and nothing may follow it", () => {
  fc.assert(fc.property(configuration, (each) => expect(decodeConfiguration(encodeConfiguration(each))).toEqual(each)));
  expect(() => decodeConfiguration(Uint8Array.of(0, 0, 0, 0))).toThrow(MalformedMessageError);
});

function decodesOrRefuses(bytes: Uint8Array): void {
  try {
    decodeMessages(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(MalformedMessageError);
  }
}
