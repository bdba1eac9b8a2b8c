import { AttemptOutcome, StopReason } from "@coxswain/state-machine";
import type { Execution, Job } from "@coxswain/state-machine";
import { attemptKey } from "../src/contracts.ts";
import type {
  AssignedAttempt,
  AttemptReport,
  AttemptReports,
  ResultStore,
  WorkerEvent,
  WorkerStore,
} from "../src/contracts.ts";

export function reportOf(executionId: string, attempt = 1): AttemptReport {
  const result = {
    outcome: AttemptOutcome.SUCCEEDED,
    signal: "",
    errorType: "",
    errorMessage: "",
    outputTail: new Uint8Array(),
    outputBytes: 0,
    retryable: false,
  };
  return { executionId, attempt, nodeId: 1, nodeIncarnation: 7, startedAtMs: 1, endedAtMs: 2, result };
}

/** Resolves its waiters when a number is reached. */
class Counter {
  value = 0;
  #waiting: { count: number; resolve: () => void }[] = [];

  add(count: number): void {
    this.value += count;
    // Later than the promise that the reporter itself waits for.
    setImmediate(() => {
      for (const waiter of this.#waiting) if (waiter.count <= this.value) waiter.resolve();
    });
  }

  until(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ count, resolve });
      this.add(0);
    });
  }
}

/** A leader that can be away. */
export class FakeReports implements AttemptReports {
  readonly reports: AttemptReport[] = [];
  failures = 0;
  onReport: (items: readonly AttemptReport[]) => void = () => {};
  readonly #tries = new Counter();
  readonly #committed = new Counter();

  get tries(): number {
    return this.#tries.value;
  }

  get committed(): string[] {
    return this.reports.map(attemptKey);
  }

  async report(items: readonly AttemptReport[]): Promise<void> {
    this.onReport(items);
    this.#tries.add(1);
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error("no leader");
    }
    this.reports.push(...items);
    this.#committed.add(items.length);
  }

  untilTried(count: number): Promise<void> {
    return this.#tries.until(count);
  }

  untilCommitted(count: number): Promise<void> {
    return this.#committed.until(count);
  }
}

export class MemoryResults implements ResultStore {
  readonly #reports = new Map<string, AttemptReport>();

  get kept(): string[] {
    return [...this.#reports.keys()];
  }

  async put(reports: readonly AttemptReport[]): Promise<void> {
    for (const report of reports) this.#reports.set(attemptKey(report), report);
  }

  async remove(reports: readonly AttemptReport[]): Promise<void> {
    for (const report of reports) this.#reports.delete(attemptKey(report));
  }

  async all(): Promise<AttemptReport[]> {
    return [...this.#reports.values()];
  }
}

/** The own applied state, as a list of what it calls running. */
export class FakeStore implements WorkerStore {
  /** Set: reading a job fails with it. */
  broken: Error | undefined;
  readonly attempts: AssignedAttempt[] = [];
  readonly #listeners = new Map<WorkerEvent, Set<() => void>>();

  running(nodeId: number): readonly AssignedAttempt[] {
    return this.attempts.filter((attempt) => attempt.nodeId === nodeId);
  }

  async job(id: string): Promise<Job> {
    if (this.broken !== undefined) throw this.broken;
    const job: Partial<Job> = {
      id,
      task: { kind: { $case: "process", value: { shell: "true", argv: [], env: {}, workingDirectory: "", limits: undefined } } },
    };
    return { ...job, policy: { timeoutMs: 60_000 } } as Job;
  }

  async execution(id: string): Promise<Execution> {
    return { id, dueMs: 5, attempts: [] as Execution["attempts"] } as Execution;
  }

  on(event: WorkerEvent, listener: () => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  get listening(): number {
    return [...this.#listeners.values()].reduce((sum, listeners) => sum + listeners.size, 0);
  }

  emit(event: WorkerEvent): void {
    for (const listener of this.#listeners.get(event) ?? []) listener();
  }

  assign(executionId: string, changes: Partial<AssignedAttempt> = {}): void {
    const jobId = executionId.split(".")[0] ?? "";
    const base = { executionId, jobId, attempt: 1, nodeId: 1, nodeIncarnation: 7, stopRequested: StopReason.UNSPECIFIED };
    this.attempts.push({ ...base, ...changes });
    this.emit("assigned");
  }

  requestStop(executionId: string, stopGraceMs?: number): void {
    this.#replace(executionId, { stopRequested: StopReason.CANCEL, stopGraceMs });
    this.emit("stopRequested");
  }

  end(executionId: string): void {
    this.attempts.splice(this.attempts.findIndex((attempt) => attempt.executionId === executionId), 1);
    this.emit("attemptEnded");
  }

  #replace(executionId: string, changes: Partial<AssignedAttempt>): void {
    const index = this.attempts.findIndex((attempt) => attempt.executionId === executionId);
    this.attempts[index] = { ...this.attempts[index], ...changes } as AssignedAttempt;
  }
}
