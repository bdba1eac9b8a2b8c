/**
 * A configuration in bytes: three lists of ids, each with its length first.
 */
import type { Configuration, NodeId } from "@coxswain/raft-core";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter, MAX_VARINT_BYTES } from "./byte-writer.ts";

/** No more than this many bytes are written for the configuration. */
export function configurationBound({ voters, votersOutgoing, learners }: Configuration): number {
  return MAX_VARINT_BYTES * (3 + voters.length + votersOutgoing.length + learners.length);
}

export function writeConfiguration(writer: ByteWriter, { voters, votersOutgoing, learners }: Configuration): void {
  for (const ids of [voters, votersOutgoing, learners]) {
    writer.varint(ids.length);
    for (const id of ids) writer.varint(id);
  }
}

export function readConfiguration(reader: ByteReader): Configuration {
  return { voters: readIds(reader), votersOutgoing: readIds(reader), learners: readIds(reader) };
}

function readIds(reader: ByteReader): NodeId[] {
  return Array.from({ length: reader.count(1) }, () => reader.uint32());
}

/** The configuration alone, as it travels with a snapshot. */
export function encodeConfiguration(configuration: Configuration): Buffer {
  const writer = new ByteWriter(configurationBound(configuration));
  writeConfiguration(writer, configuration);
  return writer.from(0);
}

/** Throws `MalformedMessageError` for anything but one whole configuration. */
export function decodeConfiguration(bytes: Uint8Array): Configuration {
  const reader = new ByteReader(bytes);
  const configuration = readConfiguration(reader);
  if (!reader.done) throw reader.malformed("bytes follow the configuration");
  return configuration;
}
