/**
 * What a snapshot is of, as it travels before its bytes.
 */
import type { SnapshotMeta } from "@coxswain/raft-core";
import { decodeConfiguration, encodeConfiguration } from "./configuration-codec.ts";
import type { Handshake, SnapshotHeader } from "./gen/raft/v1/raft.ts";

export function headerOf(handshake: Handshake, term: number, meta: SnapshotMeta): SnapshotHeader {
  return {
    handshake,
    term,
    index: meta.index,
    snapshotTerm: meta.term,
    configuration: encodeConfiguration(meta.configuration),
    featureLevel: meta.featureLevel,
  };
}

/** Throws `MalformedMessageError` when the configuration is none. */
export function metaOf(header: SnapshotHeader): SnapshotMeta {
  return {
    index: header.index,
    term: header.snapshotTerm,
    configuration: decodeConfiguration(header.configuration),
    featureLevel: header.featureLevel,
  };
}
