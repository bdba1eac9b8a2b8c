/**
 * Where the log begins: `crc32c u32 | epoch u32 | feature level u32 | index u53 | term u53`,
 * then the three lists of the configuration, each `count u32 | ids u32...`.
 */
import type { NodeId, SnapshotMeta } from "@coxswain/raft-core";
import { getUint53, putUint53, viewOf } from "./byte-fields.ts";
import { crc32c } from "./crc32c.ts";

/** The begin of the log, and which epoch of entries is alive. */
export interface LogStart {
  readonly epoch: number;
  readonly snapshot: SnapshotMeta;
}

const LISTS_AT = 28;

export function encodeLogStart({ epoch, snapshot }: LogStart): Uint8Array {
  const { voters, votersOutgoing, learners } = snapshot.configuration;
  const numbers = [voters, votersOutgoing, learners].flatMap((ids) => [ids.length, ...ids]);
  const record = new Uint8Array(LISTS_AT + 4 * numbers.length);
  const view = viewOf(record);
  view.setUint32(4, epoch, true);
  view.setUint32(8, snapshot.featureLevel, true);
  putUint53(view, 12, snapshot.index);
  putUint53(view, 20, snapshot.term);
  for (const [position, number] of numbers.entries()) view.setUint32(LISTS_AT + 4 * position, number, true);
  view.setUint32(0, crc32c(record, 4), true);
  return record;
}

/** The begin of the log, or `undefined` when the record is damaged. */
export function decodeLogStart(record: Uint8Array): LogStart | undefined {
  if (record.length < LISTS_AT || record.length % 4 !== 0) return undefined;
  const view = viewOf(record);
  if (view.getUint32(0, true) !== crc32c(record, 4)) return undefined;
  const index = getUint53(view, 12);
  const term = getUint53(view, 20);
  const lists = readLists(view);
  if (index === undefined || term === undefined || lists === undefined) return undefined;
  const [voters, votersOutgoing, learners] = lists;
  const configuration = { voters, votersOutgoing, learners };
  return {
    epoch: view.getUint32(4, true),
    snapshot: { index, term, configuration, featureLevel: view.getUint32(8, true) },
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
