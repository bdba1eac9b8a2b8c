/**
 * Whether Purge has something to do.
 */
import { Job, RememberedRequest } from "@coxswain/protocol";
import { isTooOld } from "../apply/purge.ts";
import { be64, endOf, FINISHED_PREFIX, jobKey, REQUEST_ORDER_PREFIX, REQUEST_PREFIX } from "../keys.ts";
import { fromBytes } from "../disk/text.ts";
import type { State } from "../state.ts";
import type { StateDatabase } from "../state-directory.ts";
import type { HistoryOverCaps } from "./types.ts";

/** Everything applied must be written. */
export async function historyOverCaps(db: StateDatabase, state: State): Promise<HistoryOverCaps> {
  const { historyJobs, historyBytes, unpurgedExecutions } = state.meta.counters;
  const { historyMaxJobs, historyMaxBytes } = state.meta.limits();
  const caps = {
    jobs: historyJobs > historyMaxJobs,
    bytes: historyBytes > historyMaxBytes,
    age: await isOldestTooOld(db, state),
    leftovers: unpurgedExecutions > 0,
    requests: await isOldestForgettable(db, state),
  };
  return { over: Object.values(caps).includes(true), ...caps };
}

async function isOldestTooOld(db: StateDatabase, state: State): Promise<boolean> {
  const [oldest] = await db.values({ gte: FINISHED_PREFIX, lt: endOf(FINISHED_PREFIX), limit: 1 }).all();
  const bytes = oldest === undefined ? undefined : await db.get(jobKey(fromBytes(oldest)));
  return bytes !== undefined && isTooOld(state, Job.decode(bytes), state.meta.logTimeMs);
}

async function isOldestForgettable(db: StateDatabase, state: State): Promise<boolean> {
  const { firstRequest, nextRequest, logTimeMs } = state.meta;
  if (firstRequest === nextRequest) return false;
  const name = await db.get(REQUEST_ORDER_PREFIX + be64(firstRequest));
  const bytes = name === undefined ? undefined : await db.get(REQUEST_PREFIX + fromBytes(name));
  return (
    bytes !== undefined &&
    RememberedRequest.decode(bytes).timeMs + 2 * state.meta.limits().requestWindowMs < logTimeMs
  );
}
