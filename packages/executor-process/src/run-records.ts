import { chmod, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What a later incarnation needs to find a run and to be sure that it is the same one. */
export interface RunRecord {
  readonly bootId: string;
  /** Pid of the group's leader, and number of the group. */
  readonly pgid: number;
  /** Field 22 of the leader's stat. */
  readonly startTime: string;
  readonly marker: string;
  /** Directory of its cgroup, which may not be made yet. */
  readonly cgroup?: string;
  readonly executionId: string;
  readonly attempt: number;
}

/** What was found under one name. */
export interface FoundRun {
  readonly name: string;
  /** Undefined: torn. It was then written before the payload was let go. */
  readonly record: RunRecord | undefined;
}

/**
 * The runs of this node, in files: `runs/<marker>.json` and the private working directory
 * `work/<marker>`. They outlive a SIGKILL of the node; they need not outlive a power cut,
 * which ends the processes too, so nothing is synced. Names are our own, never the job's.
 */
export class RunRecords {
  readonly #runs: string;
  readonly #work: string;

  constructor(directory: string) {
    this.#runs = join(directory, "runs");
    this.#work = join(directory, "work");
  }

  async prepare(): Promise<void> {
    await mkdir(this.#runs, { recursive: true, mode: 0o700 });
    await mkdir(this.#work, { recursive: true, mode: 0o700 });
  }

  /** Makes the private working directory of a run. */
  async makeWork(marker: string): Promise<string> {
    const directory = join(this.#work, marker);
    await mkdir(directory, { mode: 0o700 });
    return directory;
  }

  async write(record: RunRecord): Promise<void> {
    await writeFile(join(this.#runs, `${record.marker}.json`), JSON.stringify(record), { mode: 0o600 });
  }

  /** Forgets a run that has ended, with its directory. */
  async remove(marker: string): Promise<void> {
    await removeTree(join(this.#work, marker));
    await rm(join(this.#runs, `${marker}.json`), { force: true });
  }

  /** Every run that has a record or a directory. */
  async list(): Promise<FoundRun[]> {
    const files = await readdir(this.#runs);
    const records = await Promise.all(
      files.map(async (file) => ({ name: file.replace(/\.json$/, ""), record: await this.#read(file) })),
    );
    const named = new Set(records.map(({ name }) => name));
    const bare = (await readdir(this.#work)).filter((name) => !named.has(name));
    return [...records, ...bare.map((name) => ({ name, record: undefined }))];
  }

  async #read(file: string): Promise<RunRecord | undefined> {
    try {
      const record = JSON.parse(await readFile(join(this.#runs, file), "utf8")) as Partial<RunRecord>;
      return isRecord(record) ? record : undefined;
    } catch (error) {
      if (error instanceof SyntaxError) return undefined;
      throw error;
    }
  }
}

/** Programs leave directories that are read-only even for their owner, such as module caches. */
async function removeTree(directory: string): Promise<void> {
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true, maxRetries: 3, retryDelay: 20 });
  try {
    await remove();
  } catch {
    await openDirectories(directory);
    await remove();
  }
}

/** Does not follow links: their targets are not ours. */
async function openDirectories(directory: string): Promise<void> {
  await chmod(directory, 0o700);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) await openDirectories(join(directory, entry.name));
  }
}

function isRecord(record: Partial<RunRecord>): record is RunRecord {
  const { bootId, pgid, startTime, marker } = record;
  return (
    typeof bootId === "string" &&
    typeof startTime === "string" &&
    typeof marker === "string" &&
    Number.isSafeInteger(pgid) &&
    (pgid ?? 0) > 1
  );
}
