/** What a configuration says about a node, and how it is written into a `config` entry. */
import type { Configuration, NodeId } from "../types.ts";
import { RaftStateError } from "./errors.ts";

/** Whether the node's vote counts, in either half of a joint configuration. */
export function isVoter(configuration: Configuration, id: NodeId): boolean {
  return configuration.voters.includes(id) || configuration.votersOutgoing.includes(id);
}

/** Every node that receives the log, once each. */
export function membersOf(configuration: Configuration): NodeId[] {
  const { voters, votersOutgoing, learners } = configuration;
  return [...new Set([...voters, ...votersOutgoing, ...learners])].sort((a, b) => a - b);
}

/** Three lists of ids, each a count and its ids, as 32-bit little-endian numbers. */
export function encodeConfiguration(configuration: Configuration): Uint8Array {
  const words = listsOf(configuration).flatMap((ids) => [ids.length, ...ids]);
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  words.forEach((word, at) => view.setUint32(at * 4, word, true));
  return bytes;
}

/** Throws {@link RaftStateError} on anything that {@link encodeConfiguration} did not write. */
export function decodeConfiguration(bytes: Uint8Array): Configuration {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const word = (): number => {
    if (at + 4 > view.byteLength) throw unreadable();
    const value = view.getUint32(at, true);
    at += 4;
    return value;
  };
  const list = (): NodeId[] => {
    const count = word();
    if (at + count * 4 > view.byteLength) throw unreadable();
    return Array.from({ length: count }, word);
  };
  const configuration = { voters: list(), votersOutgoing: list(), learners: list() };
  if (at !== view.byteLength) throw unreadable();
  return configuration;
}

function listsOf({ voters, votersOutgoing, learners }: Configuration): (readonly NodeId[])[] {
  return [voters, votersOutgoing, learners];
}

function unreadable(): RaftStateError {
  return new RaftStateError(
    "A config entry does not hold a configuration: the log is damaged or was written by a newer version.",
  );
}
