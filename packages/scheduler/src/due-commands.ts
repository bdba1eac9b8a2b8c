/** From due items to commands: one builder for each kind of key in the time index. */
import type { CommandBody, DueItem, FireDue_Item, Job } from "@coxswain/state-machine";
import type { SchedulerClock, SchedulerLogger, SchedulerStore } from "./contracts.ts";
import type { NearDue } from "./due-heap.ts";
import { decideFire } from "./fire-item.ts";
import type { Place } from "./place.ts";
import type { SchedulerSettings } from "./settings.ts";
import { SliceBudget } from "./slice-budget.ts";

/** A command to propose and what to let go of afterwards. */
export interface DueCommand {
  /** Undefined when nothing is left to do. */
  readonly body: CommandBody | undefined;
  release(): void;
}

export interface DueCommandParts {
  readonly store: Pick<SchedulerStore, "job">;
  readonly place: Place;
  readonly clock: SchedulerClock;
  readonly settings: Pick<SchedulerSettings, "misfireToleranceMs">;
  readonly logger: SchedulerLogger;
  /** Jobs that were complained about already; each slot meets them again. */
  readonly complained: Set<string>;
}

const MAX_COMPLAINTS = 1_000;

type Fire = Extract<DueItem, { readonly kind: "fire" }>;

/** All entries must be of one kind. */
export async function dueCommand(parts: DueCommandParts, entries: readonly NearDue[]): Promise<DueCommand> {
  const kind = entries[0]?.item.kind;
  switch (kind) {
    case "fire":
      return fireDue(parts, entries.flatMap(({ item }) => (item.kind === "fire" ? [item] : [])));
    case "retry": {
      // It joins the queue at its place and the assigner takes it from there: no second way past those who wait.
      const items = entries.flatMap(({ item }) =>
        item.kind === "retry" ? [{ executionId: item.executionId, retryAtMs: item.atMs, placement: undefined }] : [],
      );
      return command({ $case: "retryDue", value: { items } });
    }
    case "deadline": {
      const items = entries.flatMap(({ item }) =>
        item.kind === "deadline" ? [{ executionId: item.executionId, attempt: item.attempt, deadlineMs: item.atMs }] : [],
      );
      return command({ $case: "deadlineDue", value: { items } });
    }
    case undefined:
      return command(undefined);
  }
}

async function fireDue(parts: DueCommandParts, fires: readonly Fire[]): Promise<DueCommand> {
  const jobs = await Promise.all(fires.map(({ jobId }) => parts.store.job(jobId)));
  const budget = new SliceBudget(parts.clock);
  const items: FireDue_Item[] = [];
  const releases: (() => void)[] = [];
  for (const [index, fire] of fires.entries()) {
    await budget.spend();
    const job = jobs[index];
    // The key outlived its job's schedule: edited, finished or removed since it was read.
    if (job === undefined || !isStillDue(job, fire)) continue;
    const item = fireItem(parts, job, fire, releases);
    if (item !== undefined) items.push(item);
  }
  return {
    body: items.length === 0 ? undefined : { $case: "fireDue", value: { items } },
    release: () => {
      for (const release of releases) release();
    },
  };
}

/** Undefined for a job whose schedule cannot be read: it must not hold up the others. */
function fireItem(parts: DueCommandParts, job: Job, fire: Fire, releases: (() => void)[]): FireDue_Item | undefined {
  try {
    const decision = decideFire(job, fire.atMs, parts.clock.now(), parts.settings.misfireToleranceMs);
    const placed = decision.skip ? undefined : parts.place({ executor: job.task?.kind?.$case ?? "none" });
    if (placed !== undefined) releases.push(placed.release);
    return {
      jobId: job.id,
      jobIncarnation: job.incarnation,
      jobVersion: job.version,
      dueMs: fire.atMs,
      placement: placed?.placement,
      ...decision,
    };
  } catch (error) {
    const name = `${job.id}/${job.incarnation}/${job.version}`;
    if (parts.complained.size < MAX_COMPLAINTS && !parts.complained.has(name)) {
      parts.complained.add(name);
      parts.logger.error({ error, jobId: job.id, dueMs: fire.atMs }, "A due job cannot be fired. Delete it and submit it anew.");
    }
    return undefined;
  }
}

function isStillDue(job: Job, fire: Fire): boolean {
  return job.incarnation === fire.incarnation && job.version === fire.version && job.nextDueMs === fire.atMs;
}

function command(body: CommandBody | undefined): DueCommand {
  return { body, release: () => {} };
}
