import { Attempt, AttemptOutcome, JobRequest, JobState } from "@coxswain/protocol";
import type { AttemptResult, ExecutionStatus, JobLogsResponse } from "@coxswain/protocol";
import type { CallerIdentity } from "../src/contracts.ts";
import type { JobServiceOptions } from "../src/job-service.ts";
import { MemoryCluster } from "./memory-cluster.ts";
import { alice, submit } from "./requests.ts";

/** The first execution of the scene's job. */
export const E1 = "a.1.1";

export class Scene {
  readonly cluster: MemoryCluster;

  constructor(options: Partial<JobServiceOptions> = {}) {
    this.cluster = new MemoryCluster(options);
    for (const id of [1, 2, 3]) this.lost(id, false);
  }

  async submitted(room: number | undefined = 3): Promise<this> {
    this.cluster.room = room;
    await this.cluster.service(1).submitJob(alice, submit({ command: "make", jobId: "a" }));
    return this;
  }

  get output() {
    return this.cluster.held.get(3)!.of(E1);
  }

  lost(nodeId: number, lost: boolean): void {
    this.cluster.store.members.set(nodeId, { id: nodeId, lost } as never);
  }

  /** The execution as these attempts make it; told to all who follow. */
  attempts(status: ExecutionStatus, ...results: (Partial<AttemptResult> | undefined)[]): void {
    const { store } = this.cluster;
    const execution = store.executions.get(E1)!;
    const attempts = results.map((result, index) =>
      Attempt.fromPartial({ number: index + 1, nodeId: 3, ...(result === undefined ? {} : { result }) }),
    );
    store.executions.set(E1, { ...execution, status, attempts, finishedAtMs: status > 2 ? 99 : 0 });
    const job = store.jobs.get("a")!;
    store.jobs.set("a", {
      ...job,
      status,
      ...(status > 2 ? { state: JobState.FINISHED, finishedAtMs: 99 } : {}),
    });
    store.emit("attemptEnded", "a");
  }

  follow(
    nodeId = 1,
    request: Partial<JobRequest> = {},
    caller: CallerIdentity = alice,
    signal: AbortSignal = new AbortController().signal,
  ): Log {
    return new Log(
      this.cluster.service(nodeId).logs(caller, JobRequest.fromPartial({ id: "a", ...request }), { signal }),
    );
  }
}

/** What a reader sees, in short: text by attempt, gaps, the exit. */
export class Log {
  readonly seen: string[] = [];
  readonly last: { exit?: JobLogsResponse["exit"] } = {};
  /** Where the reader would go on if the stream broke now. */
  next: Partial<JobRequest> = {};
  readonly done: Promise<void>;
  #at = "";

  constructor(messages: AsyncIterable<JobLogsResponse>) {
    this.done = this.#read(messages);
    this.done.catch(() => {});
  }

  async #read(messages: AsyncIterable<JobLogsResponse>): Promise<void> {
    for await (const { executionId, attempt, offset, log, gapBytes, exit, restLost } of messages) {
      this.next = { executionId, attempt, offset: offset + gapBytes + log.length };
      const place = `${String(attempt)}@${String(offset)}`;
      if (exit !== undefined) this.#add(`${place} exit ${String(exit.status)}`);
      else if (restLost) this.#add(`${place} rest lost`);
      else if (gapBytes > 0) this.#add(`${place} gap ${String(gapBytes)}`);
      else if (log.length === 0) continue;
      else if (place === this.#at) this.seen.push(`${this.seen.pop() ?? ""}${Buffer.from(log).toString()}`);
      else this.#add(`${place} ${Buffer.from(log).toString()}`);
      this.#at = `${String(attempt)}@${String(offset + log.length)}`;
      this.last.exit = exit;
    }
  }

  #add(line: string): void {
    this.seen.push(line);
  }
}

/** How an attempt ended. */
export const result = (
  outputBytes: number,
  tail = "",
  more: Partial<AttemptResult> = {},
): Partial<AttemptResult> => ({
  outcome: AttemptOutcome.SUCCEEDED,
  exitCode: 0,
  signal: "",
  errorType: "",
  errorMessage: "",
  outputBytes,
  outputTail: Buffer.from(tail),
  httpStatus: undefined,
  retryable: false,
  ...more,
});
export const NODE_LOST: Partial<AttemptResult> = result(0, "", { outcome: AttemptOutcome.LOST, errorType: "NODE_LOST" });
