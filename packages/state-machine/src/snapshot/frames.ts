/**
 * A state as a stream of bytes: frames of pairs, each with its length and checksum, and a last
 * frame that says how many pairs there were and at which point of the log. The bytes may be cut
 * anywhere on their way.
 *
 *     frame   = payload length (u32) · CRC32C of the payload (u32) · payload
 *     payload = 'P' · { key length (u32) · key · value length (u32) · value }   pairs
 *             | 'E' · index (f64) · term (f64) · pairs (f64)                     the end
 */
import { crc32c } from "@coxswain/raft-core";
import { SnapshotDamagedError } from "../errors.ts";

/** What the end frame says. */
export interface SnapshotEnd {
  readonly index: number;
  readonly term: number;
  readonly pairs: number;
}

export type Pair = readonly [key: string, value: Uint8Array];
export type Frame = { readonly pairs: readonly Pair[] } | { readonly end: SnapshotEnd };

const HEAD_BYTES = 8;
const PAIRS = 0x50;
const END = 0x45;
/** Frames beyond this are damage, not data. */
const MAX_FRAME_BYTES = 256 * 1024 * 1024;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

export function encodePairs(pairs: readonly Pair[]): Uint8Array {
  const parts = pairs.map(([key, value]) => [encoder.encode(key), value] as const);
  const sizeBytes = parts.reduce((sum, [key, value]) => sum + 8 + key.length + value.length, 1);
  const { frame, view } = newFrame(sizeBytes, PAIRS);
  let at = HEAD_BYTES + 1;
  for (const part of parts.flat()) {
    view.setUint32(at, part.length);
    frame.set(part, at + 4);
    at += 4 + part.length;
  }
  return sealed(frame, view);
}

export function encodeEnd(end: SnapshotEnd): Uint8Array {
  const { frame, view } = newFrame(25, END);
  for (const [i, value] of [end.index, end.term, end.pairs].entries())
    view.setFloat64(HEAD_BYTES + 1 + 8 * i, value);
  return sealed(frame, view);
}

function newFrame(payloadBytes: number, kind: number): { frame: Uint8Array; view: DataView } {
  const frame = new Uint8Array(HEAD_BYTES + payloadBytes);
  frame[HEAD_BYTES] = kind;
  return { frame, view: new DataView(frame.buffer) };
}

function sealed(frame: Uint8Array, view: DataView): Uint8Array {
  view.setUint32(0, frame.length - HEAD_BYTES);
  view.setUint32(4, crc32c(frame.subarray(HEAD_BYTES)));
  return frame;
}

/** Puts frames together again. Throws {@link SnapshotDamagedError} on anything that is none. */
export async function* readFrames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  let rest = new Uint8Array(0);
  for await (const chunk of chunks) {
    rest = joined(rest, chunk);
    for (;;) {
      const length = frameLength(rest);
      if (length === undefined || rest.length < length) break;
      yield decodeFrame(rest.subarray(0, length));
      rest = rest.slice(length);
    }
  }
  if (rest.length > 0)
    throw new SnapshotDamagedError("The snapshot ends in the middle of a frame. Fetch it again.");
}

function joined(rest: Uint8Array, chunk: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(rest.length + chunk.length);
  both.set(rest);
  both.set(chunk, rest.length);
  return both;
}

function frameLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < HEAD_BYTES) return undefined;
  const payloadBytes = viewOf(bytes).getUint32(0);
  if (payloadBytes > MAX_FRAME_BYTES)
    throw new SnapshotDamagedError("The snapshot has a frame of impossible length. Fetch it again.");
  return HEAD_BYTES + payloadBytes;
}

function decodeFrame(frame: Uint8Array): Frame {
  const view = viewOf(frame);
  const payload = frame.subarray(HEAD_BYTES);
  if (view.getUint32(4) !== crc32c(payload))
    throw new SnapshotDamagedError("A frame of the snapshot has a wrong checksum. Fetch it again.");
  try {
    if (payload[0] === PAIRS) return { pairs: decodePairs(frame) };
    if (payload[0] === END) {
      const [index, term, pairs] = [0, 1, 2].map((i) => view.getFloat64(HEAD_BYTES + 1 + 8 * i));
      return { end: { index: index ?? 0, term: term ?? 0, pairs: pairs ?? 0 } };
    }
  } catch (cause) {
    throw new SnapshotDamagedError("A frame of the snapshot cannot be read. Fetch it again.", { cause });
  }
  throw new SnapshotDamagedError(
    "The snapshot has a frame of an unknown kind. Upgrade this node, then fetch it again.",
  );
}

function decodePairs(frame: Uint8Array): Pair[] {
  const view = viewOf(frame);
  const pairs: Pair[] = [];
  let at = HEAD_BYTES + 1;
  const next = (): Uint8Array => {
    const length = view.getUint32(at);
    const part = frame.slice(at + 4, at + 4 + length);
    if (part.length !== length) throw new RangeError("A pair goes beyond its frame.");
    at += 4 + length;
    return part;
  };
  while (at < frame.length) pairs.push([decoder.decode(next()), next()]);
  return pairs;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
