/**
 * Takes results to the leader until this node's own apply shows that the attempt ended (G14):
 * a result told to a leader that is deposed a moment later must not be lost.
 */
import { ReportAttempts_Item } from "@coxswain/state-machine";
import type { AttemptReport, AttemptReports, ResultStore, WorkerLogger } from "./contracts.ts";
import { attemptKey } from "./contracts.ts";
import type { After } from "./lease.ts";

const MAX_BATCH = 256;
/** One batch becomes one entry of the log, and an entry has a limit (1 MiB): a larger one would be refused for ever. */
const MAX_BATCH_BYTES = 512 * 1024;
const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 2_000;

export interface ReporterOptions {
  readonly reports: AttemptReports;
  readonly results: ResultStore;
  readonly after: After;
  readonly logger: WorkerLogger;
}

interface Pending {
  readonly report: AttemptReport;
  readonly sizeBytes: number;
  state: "new" | "durable" | "committed";
}

export class Reporter {
  readonly #options: ReporterOptions;
  readonly #pending = new Map<string, Pending>();
  #running: Promise<void> | undefined;
  #retryMs = RETRY_FIRST_MS;
  #cancelRetry: (() => void) | undefined;
  #closed = false;

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  /** Results that an earlier start of this node left. */
  async load(): Promise<readonly AttemptReport[]> {
    const reports = await this.#options.results.all();
    for (const report of reports) this.#pending.set(attemptKey(report), pendingOf(report, "durable"));
    return reports;
  }

  /** Whether this attempt's result is known here. */
  has(key: string): boolean {
    return this.#pending.has(key);
  }

  /** Results not yet known to be committed. */
  get unsent(): number {
    let count = 0;
    for (const { state } of this.#pending.values()) if (state !== "committed") count += 1;
    return count;
  }

  /** Takes a result: makes it durable, then reports it until it is committed. */
  add(report: AttemptReport): void {
    const key = attemptKey(report);
    if (this.#pending.has(key)) return;
    this.#pending.set(key, pendingOf(report, "new"));
    this.#kick();
  }

  /** The own apply shows these attempts as ended: their results may be forgotten. */
  async forget(keys: readonly string[]): Promise<void> {
    const reports = keys.flatMap((key) => this.#pending.get(key)?.report ?? []);
    for (const key of keys) this.#pending.delete(key);
    if (reports.length > 0) await this.#options.results.remove(reports);
  }

  keys(): string[] {
    return [...this.#pending.keys()];
  }

  /** One try to report everything that is not committed; rejects when that fails. */
  async flush(): Promise<void> {
    while (!this.#closed) {
      const batch = this.#nextBatch();
      if (batch.length === 0) return;
      await this.#send(batch);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRetry?.();
    await this.#running;
  }

  #nextBatch(): Pending[] {
    const batch: Pending[] = [];
    let sizeBytes = 0;
    for (const pending of this.#pending.values()) {
      if (pending.state === "committed") continue;
      sizeBytes += pending.sizeBytes;
      if (batch.length > 0 && sizeBytes > MAX_BATCH_BYTES) break;
      batch.push(pending);
      if (batch.length === MAX_BATCH) break;
    }
    return batch;
  }

  async #send(batch: readonly Pending[]): Promise<void> {
    const fresh = batch.filter((pending) => pending.state === "new");
    if (fresh.length > 0) {
      await this.#options.results.put(fresh.map((pending) => pending.report));
      for (const pending of fresh) pending.state = "durable";
    }
    await this.#options.reports.report(batch.map((pending) => pending.report));
    for (const pending of batch) pending.state = "committed";
    this.#retryMs = RETRY_FIRST_MS;
  }

  /** One run at a time; while it waits after a failure, new results wait with it. */
  #kick(): void {
    if (this.#running !== undefined || this.#cancelRetry !== undefined || this.#closed) return;
    this.#running = this.flush()
      .catch((error: unknown) => this.#retryLater(error))
      .finally(() => {
        this.#running = undefined;
        if (this.unsent > 0) this.#kick();
      });
  }

  #retryLater(error: unknown): void {
    if (this.#closed) return;
    const delayMs = this.#retryMs;
    this.#retryMs = Math.min(RETRY_MAX_MS, this.#retryMs * 2);
    this.#options.logger.warn({ err: error, unsent: this.unsent, delayMs }, "results not reported yet; trying again");
    this.#cancelRetry = this.#options.after(delayMs, () => {
      this.#cancelRetry = undefined;
      this.#kick();
    });
  }
}

function pendingOf(report: AttemptReport, state: Pending["state"]): Pending {
  return { report, sizeBytes: ReportAttempts_Item.encode(report).finish().byteLength, state };
}
