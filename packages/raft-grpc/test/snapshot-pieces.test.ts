import { expect, test } from "@jest/globals";
import { SnapshotChunk } from "../src/gen/raft/v1/raft.ts";
import type { SnapshotHeader } from "../src/gen/raft/v1/raft.ts";
import { encodeHeader, encodeLast, encodePiece } from "../src/snapshot-pieces.ts";

const HEADER: SnapshotHeader = {
  handshake: { clusterId: "harbour", from: 1, fromUuid: "disk-1", to: 2, protocolVersion: 1 },
  term: 3,
  index: 70_000,
  snapshotTerm: 2,
  configuration: Uint8Array.of(3, 1, 2, 3, 0, 0),
  featureLevel: 1,
};

test("a piece of any length reads as the generated code reads it", () => {
  for (const length of [1, 127, 128, 16_383, 16_384, 65_536]) {
    const data = Uint8Array.from({ length }, (_, at) => at % 251);
    const decoded = SnapshotChunk.decode(encodePiece(data));
    expect(decoded.header).toBeUndefined();
    expect(decoded.last).toBe(false);
    expect(Buffer.from(decoded.data).equals(data)).toBe(true);
  }
});

test("a piece is a copy: its source may be used again before it is sent", () => {
  const data = Uint8Array.of(1, 2, 3);
  const piece = encodePiece(data);
  data.fill(9);
  expect([...SnapshotChunk.decode(piece).data]).toEqual([1, 2, 3]);
});

test("the stream begins with its header and ends with the word that it was all", () => {
  const first = SnapshotChunk.decode(encodeHeader(HEADER));
  expect(first.last).toBe(false);
  expect({ ...first.header, configuration: [...(first.header?.configuration ?? [])] }).toEqual({
    ...HEADER,
    configuration: [...HEADER.configuration],
  });
  const last = SnapshotChunk.decode(encodeLast());
  expect(last.last).toBe(true);
  expect(last.header).toBeUndefined();
});
