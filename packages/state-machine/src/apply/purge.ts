/**
 * Purge: one bounded step of removing what deleted jobs left, history over its caps (G23) and
 * requests that are remembered no longer.
 */
import { Leftover, type Job, type Purge } from "@coxswain/protocol";
import { endOf, FINISHED_PREFIX, LEFTOVER_PREFIX } from "../keys.ts";
import { isFinished } from "../records/job.ts";
import type { State } from "../state.ts";
import type { StateDatabase } from "../state-directory.ts";
import { fromBytes } from "../disk/text.ts";
import type { ApplyContext, ScanCommand } from "./context.ts";
import { readRemoval, removeJob, removeSome } from "./remove-job.ts";
import { forgetOld, readOld } from "./requests.ts";

/** The most that one step takes on, whatever the command says. */
const MAX_LIMIT = 1_000;

/** Where the indexes say that something may have to go. */
interface Found {
  readonly limit: number;
  readonly state: State;
  readonly leftovers: readonly { readonly id: string; readonly leftover: Leftover }[];
  /** Oldest first. */
  readonly jobIds: readonly string[];
}

export const purge: ScanCommand<Purge, Found> = {
  shape: "scan",
  scan: async (body, state, db) => {
    const limit = Math.min(Math.max(1, body.limit), MAX_LIMIT);
    const leftovers = await readLeftovers(db, limit);
    const values = await db.values({ gte: FINISHED_PREFIX, lt: endOf(FINISHED_PREFIX), limit }).all();
    return { limit, state, leftovers, jobIds: values.map(fromBytes) };
  },
  reads: (found, reads) => {
    for (const { id } of found.leftovers) reads.leftover(id);
    for (const id of found.jobIds) readRemoval(id, reads);
    readOld(found.state, reads, found.limit);
  },
  apply: (found, context) => {
    const executions = purgeLeftovers(found, context);
    const history = purgeHistory(found, context, found.limit - executions);
    const requests = forgetOld(context.state, context.timeMs, found.limit);
    const more =
      context.state.meta.counters.unpurgedExecutions > 0 || history.cut || requests === found.limit;
    return {
      kind: "purged",
      jobs: history.jobs,
      executions: executions + history.executions,
      requests,
      more,
    };
  },
};

async function readLeftovers(db: StateDatabase, limit: number): Promise<Found["leftovers"]> {
  const entries = await db.iterator({ gte: LEFTOVER_PREFIX, lt: endOf(LEFTOVER_PREFIX), limit }).all();
  return entries.map(([key, value]) => ({
    id: key.slice(LEFTOVER_PREFIX.length),
    leftover: Leftover.decode(value),
  }));
}

function purgeLeftovers(found: Found, context: ApplyContext): number {
  const { state } = context;
  let executions = 0;
  for (const { id, leftover } of found.leftovers) {
    if (executions >= found.limit) break;
    const { removed, rest } = removeSome(context, leftover, found.limit - executions);
    state.leftovers.put(id, rest);
    state.meta.counters.unpurgedExecutions -= removed;
    executions += removed;
  }
  return executions;
}

/** Removes finished jobs, oldest first, while history is over a cap. `cut`: the limit ended it. */
function purgeHistory(
  found: Found,
  context: ApplyContext,
  limit: number,
): { jobs: number; executions: number; cut: boolean } {
  const { state, timeMs } = context;
  let [jobs, executions] = [0, 0];
  for (const id of found.jobIds) {
    const job = state.jobs.get(id);
    if (job === undefined || !isFinished(job)) throw new Error(`${id} is listed as finished but is not.`);
    if (!overCaps(state) && !isTooOld(state, job, timeMs)) return { jobs, executions, cut: false };
    if (jobs + executions >= limit) return { jobs, executions, cut: true };
    executions += removeJob(context, job).removed;
    jobs += 1;
  }
  return { jobs, executions, cut: jobs > 0 && found.jobIds.length === found.limit };
}

/** More finished jobs, or more bytes of them, than the settings allow. */
export function overCaps(state: State): boolean {
  const { historyJobs, historyBytes: bytes } = state.meta.counters;
  const { historyMaxJobs, historyMaxBytes } = state.meta.limits();
  return historyJobs > historyMaxJobs || bytes > historyMaxBytes;
}

/** Finished longer ago than the settings allow. */
export function isTooOld(state: State, job: Job, timeMs: number): boolean {
  return job.finishedAtMs + state.meta.limits().historyMaxAgeMs < timeMs;
}
