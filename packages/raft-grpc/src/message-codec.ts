/**
 * Raft messages in bytes, one after the other: a kind, the head, then the fields of the kind.
 * Packed by hand, since a protobuf message for each entry would cost more than the network.
 */
import type { Message } from "@coxswain/raft-core";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter, MAX_VARINT_BYTES } from "./byte-writer.ts";
import { configurationBound, readConfiguration, writeConfiguration } from "./configuration-codec.ts";
import { entriesBound, readEntries, writeEntries } from "./entry-codec.ts";

/** The wire's numbers for the kinds: a kind keeps its place for ever. */
const KINDS: readonly Message["type"][] = [
  "preVoteRequest",
  "preVoteResponse",
  "voteRequest",
  "voteResponse",
  "appendRequest",
  "appendResponse",
  "heartbeatRequest",
  "heartbeatResponse",
  "snapshotRequest",
  "timeoutNow",
  "readIndexRequest",
  "readIndexResponse",
];
const KIND_NUMBERS: ReadonlyMap<Message["type"], number> = new Map(KINDS.map((kind, number) => [kind, number]));

/** The kind, the head and the numbers of any message. */
const FIXED_BOUND = 2 + 8 * MAX_VARINT_BYTES;
/** Field 2 of `MessageBatch` in protobuf: bytes. */
const BATCH_FIELD = 0x12;
const BATCH_HEADER_BYTES = 1 + MAX_VARINT_BYTES;

/** No more than this many bytes are written for the message; what queues count. */
export function messageBound(message: Message): number {
  if (message.type === "appendRequest") return FIXED_BOUND + entriesBound(message.entries);
  if (message.type === "snapshotRequest") return FIXED_BOUND + configurationBound(message.snapshot.configuration);
  return FIXED_BOUND;
}

/** A whole protobuf `MessageBatch` with these messages, in one buffer without copies in between. */
export function encodeBatch(messages: readonly Message[]): Buffer {
  let bound = BATCH_HEADER_BYTES;
  for (const message of messages) bound += messageBound(message);
  const writer = new ByteWriter(bound, BATCH_HEADER_BYTES);
  for (const message of messages) writeMessage(writer, message);
  return withHeader(writer.from(0));
}

/** Puts field number and length into the space left for them, just before the messages. */
function withHeader(buffer: Buffer): Buffer {
  const header = new ByteWriter(BATCH_HEADER_BYTES);
  header.byte(BATCH_FIELD);
  header.varint(buffer.length - BATCH_HEADER_BYTES);
  const start = BATCH_HEADER_BYTES - header.position;
  buffer.set(header.from(0), start);
  return buffer.subarray(start);
}

/** The messages in the `messages` field of a batch. Throws `MalformedMessageError`; entries are views of `bytes`. */
export function decodeMessages(bytes: Uint8Array): Message[] {
  const reader = new ByteReader(bytes);
  const messages: Message[] = [];
  while (!reader.done) messages.push(readMessage(reader));
  return messages;
}

function writeMessage(writer: ByteWriter, message: Message): void {
  writer.byte(KIND_NUMBERS.get(message.type) ?? KINDS.length);
  writer.varint(message.from);
  writer.varint(message.to);
  writer.varint(message.term);
  switch (message.type) {
    case "preVoteRequest":
      return writeNumbers(writer, message.lastLogIndex, message.lastLogTerm);
    case "voteRequest":
      writeNumbers(writer, message.lastLogIndex, message.lastLogTerm);
      return writer.byte(message.transfer ? 1 : 0);
    case "preVoteResponse":
    case "voteResponse":
      return writer.byte(message.granted ? 1 : 0);
    case "appendRequest":
      writeNumbers(writer, message.prevLogIndex, message.prevLogTerm, message.leaderCommit);
      return writeEntries(writer, message.entries);
    case "appendResponse":
      writer.byte(message.success ? 1 : 0);
      writer.byte(message.needsSnapshot === true ? 1 : 0);
      return writeNumbers(writer, message.index, message.hintIndex, message.hintTerm);
    case "heartbeatRequest":
      return writeNumbers(writer, message.leaderCommit, message.readContext);
    case "heartbeatResponse":
      return writeNumbers(writer, message.readContext);
    case "snapshotRequest":
      writeNumbers(writer, message.snapshot.index, message.snapshot.term, message.snapshot.featureLevel);
      return writeConfiguration(writer, message.snapshot.configuration);
    case "timeoutNow":
      return;
    case "readIndexRequest":
      return writeNumbers(writer, message.context);
    case "readIndexResponse":
      return writeNumbers(writer, message.context, message.index);
  }
}

function writeNumbers(writer: ByteWriter, ...numbers: number[]): void {
  for (const number of numbers) writer.varint(number);
}

/** Fields are read in the order in which they stand here, which is the order they were written in. */
function readMessage(reader: ByteReader): Message {
  const type = KINDS[reader.byte()];
  if (type === undefined) throw reader.malformed("a message has an unknown kind");
  const head = { from: reader.uint32(), to: reader.uint32(), term: reader.varint() };
  switch (type) {
    case "preVoteRequest":
      return { type, ...head, lastLogIndex: reader.varint(), lastLogTerm: reader.varint() };
    case "voteRequest":
      return { type, ...head, lastLogIndex: reader.varint(), lastLogTerm: reader.varint(), transfer: reader.boolean() };
    case "preVoteResponse":
    case "voteResponse":
      return { type, ...head, granted: reader.boolean() };
    case "appendRequest":
      return readAppendRequest(reader, head);
    case "appendResponse":
      return readAppendResponse(reader, head);
    case "heartbeatRequest":
      return { type, ...head, leaderCommit: reader.varint(), readContext: reader.varint() };
    case "heartbeatResponse":
      return { type, ...head, readContext: reader.varint() };
    case "snapshotRequest": {
      const [index, term, featureLevel] = [reader.varint(), reader.varint(), reader.uint32()];
      return { type, ...head, snapshot: { index, term, featureLevel, configuration: readConfiguration(reader) } };
    }
    case "timeoutNow":
      return { type, ...head };
    case "readIndexRequest":
      return { type, ...head, context: reader.varint() };
    case "readIndexResponse":
      return { type, ...head, context: reader.varint(), index: reader.varint() };
  }
}

type Head = Pick<Message, "from" | "to" | "term">;

function readAppendResponse(reader: ByteReader, head: Head): Message {
  const [success, needsSnapshot] = [reader.boolean(), reader.boolean()];
  const [index, hintIndex, hintTerm] = [reader.varint(), reader.varint(), reader.varint()];
  const response = { type: "appendResponse", ...head, success, index, hintIndex, hintTerm } as const;
  return needsSnapshot ? { ...response, needsSnapshot } : response;
}

function readAppendRequest(reader: ByteReader, head: Head): Message {
  const [prevLogIndex, prevLogTerm, leaderCommit] = [reader.varint(), reader.varint(), reader.varint()];
  return { type: "appendRequest", ...head, prevLogIndex, prevLogTerm, leaderCommit, entries: readEntries(reader) };
}
