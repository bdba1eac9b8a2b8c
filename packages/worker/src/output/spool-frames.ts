/**
 * The file of one finished attempt: frames of bytes, each with its stream and offset, and one of how it ended.
 *
 * A frame is `length u32, kind u8, offset u64, crc32 u32` (big-endian, the sum over the rest of the head and the
 * body), then its body. Files are written at once and not synced, so a power cut can leave a torn one: it is good up
 * to the first frame that does not match its sum.
 */
import { Buffer } from "node:buffer";
import type { FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";
import type { OutputBuffer } from "@coxswain/executor";
import type { ExitRecord } from "./attempt-output.ts";

const HEAD_BYTES = 17;
/** No body is longer; a length beyond it is damage. */
const MAX_BODY_BYTES = 64 * 1024;
const KINDS = ["stdout", "stderr", "exit"] as const;

export type FrameKind = (typeof KINDS)[number];

export interface Frame {
  readonly kind: FrameKind;
  readonly offset: number;
  readonly body: Buffer;
}

/** What is kept of an output, and how it ended, as a file has it. */
export function* framesOf(output: OutputBuffer, exit: ExitRecord): Generator<Uint8Array> {
  for (let at = output.firstOffset; ; ) {
    const { chunks, nextOffset, gap } = output.read(at, MAX_BODY_BYTES);
    for (const { stream, offset, bytes } of chunks) {
      yield headOf(stream, offset, bytes);
      yield bytes;
    }
    if (chunks.length === 0 && gap === undefined) break;
    at = nextOffset;
  }
  const body = Buffer.from(JSON.stringify(exit));
  yield headOf("exit", exit.offset, body);
  yield body;
}

function headOf(kind: FrameKind, offset: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(body.length, 0);
  head.writeUInt8(KINDS.indexOf(kind), 4);
  head.writeBigUInt64BE(BigInt(offset), 5);
  head.writeUInt32BE(crc32(body, crc32(head.subarray(0, 13))), 13);
  return head;
}

/** The sound frames of a file, one at a time; ends at its end or where it is torn. */
export async function* readFrames(file: FileHandle): AsyncGenerator<Frame, void, undefined> {
  for (let position = 0; ; ) {
    const head = await readFully(file, HEAD_BYTES, position);
    const length = head?.readUInt32BE(0) ?? Infinity;
    if (!head || length > MAX_BODY_BYTES) return;
    const body = await readFully(file, length, position + HEAD_BYTES);
    const kind = KINDS[head.readUInt8(4)];
    if (!body || !kind || crc32(body, crc32(head.subarray(0, 13))) !== head.readUInt32BE(13)) return;
    yield { kind, offset: Number(head.readBigUInt64BE(5)), body };
    position += HEAD_BYTES + length;
  }
}

async function readFully(file: FileHandle, sizeBytes: number, position: number): Promise<Buffer | undefined> {
  const buffer = Buffer.alloc(sizeBytes);
  const { bytesRead } = sizeBytes === 0 ? { bytesRead: 0 } : await file.read(buffer, 0, sizeBytes, position);
  return bytesRead === sizeBytes ? buffer : undefined;
}
