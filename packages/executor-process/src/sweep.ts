import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "@coxswain/executor";
import { groupExists, killProcess, signalGroup } from "./process-table.ts";
import type { RunFinder } from "./run-finder.ts";
import { untilDone } from "./until-done.ts";

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

/** How the process table is read. */
export interface Looking {
  readonly finder: RunFinder;
  readonly clock: Clock;
  /** Hears of each time that the process table could not be read, as when descriptors run out. */
  unreadable(error: unknown): void;
}

/**
 * Kills the group and every process that carries the run's marker, and waits until they are
 * gone. Looks again after each kill, because what is killed may just have forked; and for as
 * long as it cannot look, because what was not seen to be gone may run. Never rejects.
 *
 * @returns the pids that are still there; empty as a rule
 */
export async function sweep({ pgid, marker }: Run, { finder, clock, unreadable }: Looking): Promise<readonly number[]> {
  const lookCloserAt = performance.now() + LOOK_CLOSER_AFTER_MS;
  let group = pgid;
  let giveUpAt: number | undefined;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    // Once it is gone, its number may become another's.
    if (group !== undefined && !signalGroup(group, "SIGKILL")) group = undefined;
    if (group === undefined || performance.now() >= lookCloserAt) {
      const left = await untilDone(() => remaining(group, marker, finder), clock, unreadable);
      giveUpAt ??= performance.now() + GIVE_UP_AFTER_MS;
      if (left.length === 0 || performance.now() > giveUpAt) return left;
      left.forEach(killProcess);
    }
    await delay(pauseMs);
  }
}

async function remaining(group: number | undefined, marker: string | undefined, finder: RunFinder): Promise<readonly number[]> {
  const marked = marker === undefined ? [] : await finder.find(marker);
  if (marked.length > 0 || group === undefined || !groupExists(group)) return marked;
  return finder.members(group);
}
