/**
 * The session table before a snapshot's own bytes, cut anywhere on their way:
 *
 *     table   = F5 'S' 'E' 'T' · version (1) · frame ...
 *     frame   = payload length (u32) · CRC32C of the payload (u32) · payload
 *     payload = 1 · { key · value }        records, each with its length before it
 *             | 2 · index · records        the end: the snapshot's last entry, and how many records there were
 */
import { crc32c } from "../crc32c.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import type { SessionPair } from "./contracts.ts";
import { SessionSnapshotError } from "./errors.ts";
import { SESSION_LIMIT_CAPS } from "./limits.ts";
import type { StreamReader } from "./stream-reader.ts";

const MAGIC = Uint8Array.of(0xf5, 0x53, 0x45, 0x54);
const VERSION = 1;
const RECORDS = 1;
const END = 2;
const HEAD_BYTES = 8;
/** A frame is closed above this; one record more may be in it. */
const FRAME_BYTES = 64 * 1024;
const MAX_KEY_BYTES = 64;
const MAX_VALUE_BYTES = SESSION_LIMIT_CAPS.maxResultBytes + 16;
const MAX_FRAME_BYTES = FRAME_BYTES + MAX_KEY_BYTES + MAX_VALUE_BYTES + 16;
/** Twice what any limits allow, since lower limits leave the results that are kept. */
const MAX_TABLE_BYTES = 2 * 1024 ** 3;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** No text begins so. */
export function beginsWithTable(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, at) => bytes[at] === byte);
}

/** The table as chunks. */
export function* encodeTable(index: number, records: Iterable<SessionPair>): Generator<Uint8Array> {
  yield new ByteWriter().raw(MAGIC).byte(VERSION).done();
  let payload = new ByteWriter().byte(RECORDS);
  let count = 0;
  for (const { key, value } of records) {
    payload.bytes(encoder.encode(key)).bytes(value);
    count++;
    if (payload.sizeBytes < FRAME_BYTES) continue;
    yield frame(payload.done());
    payload = new ByteWriter().byte(RECORDS);
  }
  if (payload.sizeBytes > 1) yield frame(payload.done());
  yield frame(new ByteWriter().byte(END).number(index).number(count).done());
}

/** Reads a table and leaves what follows it. Throws {@link SessionSnapshotError}; a break of the stream is passed on. */
export async function decodeTable(stream: StreamReader, index: number): Promise<SessionPair[]> {
  const head = await take(stream, MAGIC.length + 1);
  if (!beginsWithTable(head)) throw damaged("it does not begin with a session table");
  if (head[MAGIC.length] !== VERSION) throw damaged("its version is not known to this release");
  const records: SessionPair[] = [];
  for (let sizeBytes = 0; sizeBytes <= MAX_TABLE_BYTES;) {
    const payload = await takeFrame(stream);
    sizeBytes += payload.length;
    const reader = new ByteReader(payload, damaged);
    const kind = reader.byte();
    if (kind === END) return ended(reader, records, index);
    if (kind !== RECORDS) throw damaged("a frame's kind is not known to this release");
    while (!reader.atEnd) records.push(readRecord(reader));
  }
  throw damaged("it is too large");
}

function readRecord(reader: ByteReader): SessionPair {
  const key = decoder.decode(reader.bytes(MAX_KEY_BYTES));
  return { key, value: reader.bytes(MAX_VALUE_BYTES) };
}

function ended(reader: ByteReader, records: SessionPair[], index: number): SessionPair[] {
  const [at, count] = [reader.number(), reader.number()];
  reader.end();
  if (at !== index) throw damaged(`its sessions are of entry ${at}, and its state of entry ${index}`);
  if (count !== records.length) throw damaged("records are missing");
  return records;
}

async function takeFrame(stream: StreamReader): Promise<Uint8Array> {
  const head = viewOf(await take(stream, HEAD_BYTES));
  const sizeBytes = head.getUint32(0);
  if (sizeBytes > MAX_FRAME_BYTES) throw damaged("a frame is too large");
  const payload = await take(stream, sizeBytes);
  if (crc32c(payload) !== head.getUint32(4)) throw damaged("a frame has a wrong checksum");
  return payload;
}

async function take(stream: StreamReader, sizeBytes: number): Promise<Uint8Array> {
  const bytes = await stream.take(sizeBytes);
  if (bytes === undefined) throw damaged("it ends too early");
  return bytes;
}

function frame(payload: Uint8Array): Uint8Array {
  const head = new Uint8Array(HEAD_BYTES);
  viewOf(head).setUint32(0, payload.length);
  viewOf(head).setUint32(4, crc32c(payload));
  return new ByteWriter().raw(head).raw(payload).done();
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function damaged(why: string): SessionSnapshotError {
  return new SessionSnapshotError(
    `The session table of the snapshot cannot be read: ${why}. Have another sent.`,
  );
}
