import { setTimeout as delay } from "node:timers/promises";
import { groupExists, killProcess, signalGroup } from "./process-table.ts";
import type { RunFinder } from "./run-finder.ts";

/** A run as it appears in the process table. */
export interface Run {
  /** Undefined: the number may belong to others by now; only the marker counts. */
  readonly pgid: number | undefined;
  /** Undefined: the group has a first process of a sandbox, which goes last of all that is in it; nobody can be elsewhere. */
  readonly marker: string | undefined;
}

const FIRST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 50;
/** As a rule a killed group is gone by then, which is cheap to see; only afterwards is the process table asked who is left of it. */
const LOOK_CLOSER_AFTER_MS = 3;
/** A process that outlives SIGKILL for longer sits in the kernel and runs no code of its own any more. */
const GIVE_UP_AFTER_MS = 5_000;

/**
 * Kills the group and every process that carries the run's marker, and waits until they are
 * gone. Looks again after each kill, because what is killed may just have forked.
 *
 * @returns the pids that are still there; empty as a rule
 */
export async function sweep(run: Run, finder: RunFinder): Promise<readonly number[]> {
  const lookCloserAt = performance.now() + LOOK_CLOSER_AFTER_MS;
  const giveUpAt = performance.now() + GIVE_UP_AFTER_MS;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    const groupIsThere = run.pgid !== undefined && signalGroup(run.pgid, "SIGKILL");
    if (groupIsThere && performance.now() < lookCloserAt) {
      await delay(pauseMs);
      continue;
    }
    const late = performance.now() > giveUpAt;
    const left = await remaining(run, finder).catch((error: unknown) => {
      // The process table may be unreadable for a moment, as when descriptors run out.
      if (late) throw error;
      return undefined;
    });
    if (left?.length === 0 || (left && late)) return left;
    left?.forEach(killProcess);
    await delay(pauseMs);
  }
}

async function remaining(run: Run, finder: RunFinder): Promise<readonly number[]> {
  const marked = run.marker === undefined ? [] : await finder.find(run.marker);
  if (marked.length > 0 || run.pgid === undefined || !groupExists(run.pgid)) return marked;
  return finder.members(run.pgid);
}
