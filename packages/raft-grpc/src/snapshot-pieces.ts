/**
 * The messages of a snapshot's stream in bytes, each a whole protobuf `SnapshotChunk`.
 *
 * Pieces are packed by hand: one copy, where the generated code makes two. What is copied here is garbage of the leader
 * while it serves writes, and buffers of this size make its collector mark the whole heap.
 */
import { ByteWriter, MAX_VARINT_BYTES } from "./byte-writer.ts";
import { SnapshotChunk } from "./gen/raft/v1/raft.ts";
import type { SnapshotHeader } from "./gen/raft/v1/raft.ts";

/** Field 2 of `SnapshotChunk` in protobuf: bytes. */
const DATA_FIELD = 0x12;
const NO_DATA = new Uint8Array(0);

/** What a stream begins with. */
export function encodeHeader(header: SnapshotHeader): Buffer {
  return encoded({ header, data: NO_DATA, last: false });
}

/** Some of the bytes, copied: their source may use its buffer again before the message is sent. */
export function encodePiece(data: Uint8Array): Buffer {
  const writer = new ByteWriter(1 + MAX_VARINT_BYTES + data.length);
  writer.byte(DATA_FIELD);
  writer.bytes(data);
  return writer.from(0);
}

/** The word that they were all. */
export function encodeLast(): Buffer {
  return encoded({ header: undefined, data: NO_DATA, last: true });
}

function encoded(chunk: SnapshotChunk): Buffer {
  return Buffer.from(SnapshotChunk.encode(chunk).finish());
}
