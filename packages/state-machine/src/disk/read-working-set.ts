/**
 * Reads what must be in memory when a state opens: the working set, not the history (G22).
 */
import { Execution, Node, OwnerCounts } from "@coxswain/protocol";
import { StateHoleError } from "../errors.ts";
import {
  endOf,
  executionKey,
  META_KEY,
  NODE_PREFIX,
  OWNER_PREFIX,
  QUEUE_PREFIX,
  RUNNING_PREFIX,
} from "../keys.ts";
import { Meta } from "../meta.ts";
import { parseQueueValue, runningOf } from "../records/execution.ts";
import { State, type StateLimits } from "../state.ts";
import type { StateDatabase } from "../state-directory.ts";
import { fromBytes } from "./text.ts";

const RUNNING_PER_READ = 256;
const QUEUED_PER_READ = 512;

export async function readWorkingSet(db: StateDatabase, limits: StateLimits): Promise<State> {
  const state = new State(limits);
  const bytes = await db.get(META_KEY);
  state.begin(bytes === undefined ? new Meta() : Meta.decode(bytes));
  for await (const value of db.values({ gte: NODE_PREFIX, lt: endOf(NODE_PREFIX) })) {
    const node = Node.decode(value);
    state.nodes.set(node.id, node);
  }
  for await (const [key, value] of db.iterator({ gte: OWNER_PREFIX, lt: endOf(OWNER_PREFIX) })) {
    state.owners.load(key.slice(OWNER_PREFIX.length), OwnerCounts.decode(value));
  }
  await readRunning(db, state);
  await readQueueHead(db, state, limits.queueHeadLimit);
  return state;
}

async function readRunning(db: StateDatabase, state: State): Promise<void> {
  const keys = db.keys({ gte: RUNNING_PREFIX, lt: endOf(RUNNING_PREFIX) });
  try {
    for (;;) {
      const some = await keys.nextv(RUNNING_PER_READ);
      if (some.length === 0) return;
      const ids = some.map((key) => key.slice(RUNNING_PREFIX.length));
      const records = await db.getMany(ids.map(executionKey));
      for (const [i, record] of records.entries()) addRunning(state, ids[i] ?? "", record);
    }
  } finally {
    await keys.close();
  }
}

function addRunning(state: State, id: string, record: Uint8Array | undefined): void {
  const running = record === undefined ? undefined : runningOf(Execution.decode(record));
  if (running === undefined) {
    throw new StateHoleError(
      `The state says that ${id} runs, but its record does not. Move the state's directory away; the node gets a new one from a peer.`,
    );
  }
  state.running.set(running);
}

/** Reads on after what the head holds, up to `limit` executions in all. Nothing may be unwritten. */
export async function readQueueHead(db: StateDatabase, state: State, limit: number): Promise<void> {
  const last = state.queue.lastKey();
  const from = last === undefined ? { gte: QUEUE_PREFIX } : { gt: last };
  const wanted = limit - state.queue.size;
  if (wanted <= 0) return;
  const entries = db.iterator({ ...from, lt: endOf(QUEUE_PREFIX), limit: wanted });
  try {
    for (let read = 0; ;) {
      const some = await entries.nextv(QUEUED_PER_READ);
      read += some.length;
      const isEnd = some.length === 0;
      state.queue.extend(
        some.map(([key, value]) => [key, parseQueueValue(fromBytes(value))] as const),
        isEnd && read < wanted,
      );
      if (isEnd) return;
    }
  } finally {
    await entries.close();
  }
}
