import { systemClock } from "@coxswain/executor";
import type { Logger } from "@coxswain/executor";
import { recordedCgroup } from "./cgroup/cgroup-parent.ts";
import { bootId, groupMembers, processStat } from "./process-table.ts";
import { RunFinder } from "./run-finder.ts";
import type { FoundRun, RunRecord, RunRecords } from "./run-records.ts";
import { sweep } from "./sweep.ts";

/**
 * Ends what earlier incarnations of the node left running, waits until it is gone, and
 * removes its records. Kills nothing that merely has the same number.
 */
export async function reap(records: RunRecords, logger: Pick<Logger, "warn">): Promise<void> {
  const boot = await bootId();
  const finder = new RunFinder();
  const left = await records.list();
  await Promise.all(left.map((run) => reapOne(run, boot, finder, records, logger)));
}

async function reapOne(
  { name, record }: FoundRun,
  boot: string,
  finder: RunFinder,
  records: RunRecords,
  logger: Pick<Logger, "warn">,
): Promise<void> {
  if (!record || record.bootId === boot) {
    const pgid = record && (await isSameGroup(record, finder)) ? record.pgid : undefined;
    const fields = { executionId: record?.executionId, attempt: record?.attempt, pgid };
    logger.warn(fields, "ending what an earlier incarnation left running");
    await recordedCgroup(record?.cgroup, name)
      ?.end()
      .catch((error: unknown) => logger.warn({ err: error, ...fields }, "a run's cgroup stays"));
    const unreadable = (error: unknown): void => logger.warn({ err: error, ...fields }, "the process table cannot be read; looking again");
    const unkillable = await sweep({ pgid, marker: name }, { finder, clock: systemClock, unreadable });
    if (unkillable.length > 0) logger.warn({ ...fields, pids: unkillable }, "processes outlive SIGKILL");
  }
  // What cannot be removed is untidy, but no reason for the node not to start.
  await records.remove(name).catch((error: unknown) => logger.warn({ err: error, run: name }, "a run's files stay"));
}

/**
 * A group's number is not given out again while the group has members. So it is still ours if
 * its leader started when the record says, or if a member carries the run's marker.
 */
async function isSameGroup(record: RunRecord, finder: RunFinder): Promise<boolean> {
  if (processStat(record.pgid)?.startTime === record.startTime) return true;
  const members = new Set(await groupMembers(record.pgid));
  return (await finder.find(record.marker)).some((pid) => members.has(pid));
}
