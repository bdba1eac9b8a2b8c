/**
 * Listings: what an index answers comes from it; the rest is filtered over a bounded scan.
 */
import { Execution, Job } from "@coxswain/protocol";
import type { AbstractSnapshot } from "abstract-level";
import { countOf, type OwnerTable } from "../counters.ts";
import { InvalidQueryError } from "../errors.ts";
import { executionKey, jobKey } from "../keys.ts";
import { newestAttempt } from "../records/execution.ts";
import { commandText } from "../records/task.ts";
import type { StateDatabase } from "../state-directory.ts";
import { listed, type Listed } from "./list-index.ts";
import { decodePageToken, encodePageToken } from "./page-token.ts";
import type { JobFilter, JobPage } from "./types.ts";

/** Jobs that one call looks at, at most. */
export const MAX_SCANNED_JOBS = 10_000;
const MAX_PAGE_SIZE = 1_000;
const PER_READ = 64;

interface Row {
  readonly position: string;
  readonly job: Job;
  readonly latest: Execution | undefined;
}

/** Throws {@link InvalidPageTokenError}, {@link InvalidQueryError}. Everything applied must be written. */
export async function listJobs(db: StateDatabase, owners: OwnerTable, filter: JobFilter): Promise<JobPage> {
  if (!Number.isSafeInteger(filter.pageSize) || filter.pageSize < 1 || filter.pageSize > MAX_PAGE_SIZE) {
    throw new InvalidQueryError(`A page has 1 to ${MAX_PAGE_SIZE} jobs.`);
  }
  const start = decodePageToken(filter);
  const counts = owners.get(filter.owner);
  const indexed =
    filter.status === undefined
      ? Object.values(counts).reduce((sum, n) => sum + n, 0)
      : countOf(counts, filter.status);
  const counting = start === undefined && !isAnsweredByIndex(filter);
  const snapshot = db.snapshot();
  try {
    const found = await collect(new Rows(db, snapshot, filter), filter, start?.position, counting);
    const totalCount = start?.totalCount ?? (counting ? found.matches : indexed);
    const totalIsExact = start?.totalIsExact ?? (!counting || found.isAll);
    const nextPageToken =
      found.nextPosition === undefined
        ? ""
        : encodePageToken(filter, { position: found.nextPosition, totalCount, totalIsExact });
    const { rows } = found;
    return {
      jobs: rows.map(({ job }) => job),
      latestExecutions: rows.map(({ latest }) => latest),
      nextPageToken,
      totalCount,
      totalIsExact,
    };
  } finally {
    await snapshot.close();
  }
}

function isAnsweredByIndex({ createdAfterMs, createdBeforeMs, nodeId, command }: JobFilter): boolean {
  return (
    createdAfterMs === undefined &&
    createdBeforeMs === undefined &&
    nodeId === undefined &&
    (command ?? "") === ""
  );
}

interface Collected {
  readonly rows: Row[];
  /** Where the next page begins; undefined on the last one. */
  readonly nextPosition: string | undefined;
  readonly matches: number;
  /** The scan reached the end, so that `matches` is exact. */
  readonly isAll: boolean;
}

/** Fills a page; with `counting`, goes on to count what matches beyond it. */
async function collect(
  source: Rows,
  filter: JobFilter,
  before: string | undefined,
  counting: boolean,
): Promise<Collected> {
  const rows: Row[] = [];
  let [matches, scanned] = [0, 0];
  let lastScanned: string | undefined;
  let nextPosition: string | undefined;
  for await (const some of source.after(before)) {
    for (const row of await source.read(some)) {
      if (source.matches(row)) {
        matches += 1;
        if (rows.length < filter.pageSize) rows.push(row);
        else nextPosition ??= rows.at(-1)?.position;
      }
      lastScanned = row.position;
    }
    scanned += some.length;
    if (nextPosition !== undefined && !counting) return { rows, nextPosition, matches, isAll: false };
    if (scanned >= MAX_SCANNED_JOBS)
      return { rows, nextPosition: nextPosition ?? lastScanned, matches, isAll: false };
  }
  return { rows, nextPosition, matches, isAll: true };
}

/** Jobs with their newest executions, of one moment. */
class Rows {
  readonly #db: StateDatabase;
  readonly #snapshot: AbstractSnapshot;
  readonly #filter: JobFilter;
  readonly #command: string;

  constructor(db: StateDatabase, snapshot: AbstractSnapshot, filter: JobFilter) {
    this.#db = db;
    this.#snapshot = snapshot;
    this.#filter = filter;
    this.#command = (filter.command ?? "").toLowerCase();
  }

  /** Positions in groups that are read together. */
  async *after(before: string | undefined): AsyncGenerator<Listed[]> {
    let group: Listed[] = [];
    const size = isAnsweredByIndex(this.#filter) ? Math.min(PER_READ, this.#filter.pageSize + 1) : PER_READ;
    for await (const next of listed(this.#db, this.#snapshot, this.#filter, before)) {
      group.push(next);
      if (group.length < size) continue;
      yield group;
      group = [];
    }
    if (group.length > 0) yield group;
  }

  async read(group: readonly Listed[]): Promise<Row[]> {
    const snapshot = this.#snapshot;
    const jobs = (
      await this.#db.getMany(
        group.map(({ jobId }) => jobKey(jobId)),
        { snapshot },
      )
    ).map(decodeJob);
    const withExecution = jobs.filter((job) => job.latestExecutionId !== "");
    const keys = withExecution.map((job) => executionKey(job.latestExecutionId));
    const executions = await this.#db.getMany(keys, { snapshot });
    const latest = new Map(withExecution.map((job, i) => [job.id, executions[i]]));
    return jobs.map((job, i) => {
      const bytes = latest.get(job.id);
      return {
        position: group[i]?.position ?? "",
        job,
        latest: bytes === undefined ? undefined : Execution.decode(bytes),
      };
    });
  }

  /** Filters that no index answers. */
  matches({ job, latest }: Row): boolean {
    const { nodeId } = this.#filter;
    if (nodeId !== undefined && (latest === undefined || newestAttempt(latest)?.nodeId !== nodeId))
      return false;
    return this.#command === "" || commandText(job.task).toLowerCase().includes(this.#command);
  }
}

function decodeJob(bytes: Uint8Array | undefined): Job {
  if (bytes === undefined) throw new Error("A listing names a job that has no record.");
  return Job.decode(bytes);
}
