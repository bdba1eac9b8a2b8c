/**
 * Where the log begins: `feature level u32 | index u53 | term u53`, then the three lists of the configuration, each
 * `count u32 | ids u32...`. Part of a write, whose checksum covers it.
 */
import type { NodeId, SnapshotMeta } from "@coxswain/raft-core";
import { getUint53, putUint53, viewOf } from "./byte-fields.ts";

const LISTS_AT = 20;

export function encodeSnapshot({ index, term, featureLevel, configuration }: SnapshotMeta): Uint8Array {
  const { voters, votersOutgoing, learners } = configuration;
  const numbers = [voters, votersOutgoing, learners].flatMap((ids) => [ids.length, ...ids]);
  const record = new Uint8Array(LISTS_AT + 4 * numbers.length);
  const view = viewOf(record);
  view.setUint32(0, featureLevel, true);
  putUint53(view, 4, index);
  putUint53(view, 12, term);
  for (const [position, number] of numbers.entries()) view.setUint32(LISTS_AT + 4 * position, number, true);
  return record;
}

/** `undefined` for anything that {@link encodeSnapshot} does not write. */
export function decodeSnapshot(record: Uint8Array): SnapshotMeta | undefined {
  if (record.length < LISTS_AT || record.length % 4 !== 0) return undefined;
  const view = viewOf(record);
  const index = getUint53(view, 4);
  const term = getUint53(view, 12);
  const lists = readLists(view);
  if (index === undefined || term === undefined || lists === undefined) return undefined;
  const [voters, votersOutgoing, learners] = lists;
  return {
    index,
    term,
    configuration: { voters, votersOutgoing, learners },
    featureLevel: view.getUint32(0, true),
  };
}

function readLists(view: DataView): [NodeId[], NodeId[], NodeId[]] | undefined {
  const lists: [NodeId[], NodeId[], NodeId[]] = [[], [], []];
  let offset = LISTS_AT;
  for (const list of lists) {
    if (offset + 4 > view.byteLength) return undefined;
    const count = view.getUint32(offset, true);
    offset += 4;
    if (count > (view.byteLength - offset) / 4) return undefined;
    for (let taken = 0; taken < count; taken++, offset += 4) list.push(view.getUint32(offset, true));
  }
  return offset === view.byteLength ? lists : undefined;
}
