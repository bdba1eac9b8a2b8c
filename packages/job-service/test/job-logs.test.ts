import { describe, expect, test } from "@jest/globals";
import {
  Attempt,
  AttemptOutcome,
  Execution,
  ExecutionStatus,
  JobRequest,
  JobState,
} from "@coxswain/protocol";
import type { AttemptResult, JobLogsResponse } from "@coxswain/protocol";
import type { CallerIdentity } from "../src/contracts.ts";
import type { JobServiceOptions } from "../src/job-service.ts";
import { settled } from "./manual-clock.ts";
import { MemoryCluster } from "./memory-cluster.ts";
import { alice, bob, otherNode, rejection, root, submit } from "./requests.ts";

const E1 = "a.1.1";

/** One job of alice's, `a`, which runs on node 3; the log says what a reader saw. */
class Scene {
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
    signal = new AbortController().signal,
  ): Log {
    return new Log(
      this.cluster.service(nodeId).logs(caller, JobRequest.fromPartial({ id: "a", ...request }), { signal }),
    );
  }
}

/** What a reader sees, in short: text by attempt, gaps, the exit. */
class Log {
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

const result = (
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
const NODE_LOST = result(0, "", { outcome: AttemptOutcome.LOST, errorType: "NODE_LOST" });
const { PENDING, RUNNING, COMPLETED, FAILED } = ExecutionStatus;

describe("the logs of a running job", () => {
  test.each([1, 2, 3])(
    "come from the node that runs it, through node %i, and end with the exit",
    async (nodeId) => {
      const scene = await new Scene().submitted();
      scene.output.write("hello ");
      const log = scene.follow(nodeId);
      await settled();
      expect(log.seen).toEqual(["1@0 hello "]);
      scene.output.write("world").end();
      await settled();
      scene.attempts(COMPLETED, result(11, "world"));
      await log.done;
      expect(log.seen).toEqual(["1@0 hello world", "1@11 exit 3"]);
      expect(log.last.exit).toMatchObject({ exitCode: 0, outputBytes: 11, endedAtMs: 99, nodeId: 3 });
      expect(scene.cluster.held.get(3)!.readers).toBe(0);
      expect(scene.cluster.store.listening).toBe(0);
      expect(scene.cluster.clock.timers).toBe(0);
    },
  );

  test("are waited for while it waits for a node, without asking anybody", async () => {
    const scene = await new Scene().submitted();
    scene.attempts(PENDING);
    const log = scene.follow(2);
    await scene.cluster.clock.advance(60_000);
    expect(scene.cluster.clock.timers).toBe(0);
    scene.output.write("now").end();
    scene.attempts(RUNNING, undefined);
    await settled();
    scene.attempts(COMPLETED, result(3));
    await log.done;
    expect(log.seen).toEqual(["1@0 now", "1@3 exit 3"]);
  });

  test("go on with the next attempt when it is tried again", async () => {
    const scene = await new Scene().submitted();
    scene.output.write("first").end();
    const log = scene.follow(2);
    await settled();
    scene.attempts(PENDING, result(5, "", { outcome: AttemptOutcome.FAILED }));
    await settled();
    scene.cluster.held.get(3)!.of(E1, 2).write("second").end();
    scene.attempts(RUNNING, result(5), undefined);
    await settled();
    scene.attempts(COMPLETED, result(5), result(6));
    await log.done;
    expect(log.seen).toEqual(["1@0 first", "2@0 second", "2@6 exit 3"]);
  });

  test("begin where the reader says: at an offset, with a tail, at an attempt", async () => {
    const scene = await new Scene().submitted();
    scene.output.write("first").end();
    scene.cluster.held.get(3)!.of(E1, 2).write("second").end();
    scene.attempts(COMPLETED, result(5), result(6));
    const from = async (request: Partial<JobRequest>): Promise<string[]> => {
      const log = scene.follow(2, request);
      await log.done;
      return log.seen;
    };
    expect(await from({})).toEqual(["2@0 second", "2@6 exit 3"]);
    expect(await from({ offset: 3 })).toEqual(["2@3 ond", "2@6 exit 3"]);
    expect(await from({ tailBytes: 2 })).toEqual(["2@4 nd", "2@6 exit 3"]);
    expect(await from({ attempt: 1, offset: 4 })).toEqual(["1@4 t", "2@0 second", "2@6 exit 3"]);
    expect(await from({ attempt: 2, offset: 6, executionId: E1 })).toEqual(["2@6 exit 3"]);
  });

  test("say where they begin before there is anything to read, so that nothing is skipped after a break", async () => {
    const scene = await new Scene().submitted();
    scene.output.write("before");
    const newest = scene.follow(2);
    const tail = scene.follow(2, { tailBytes: 0 });
    const next = scene.follow(2, { attempt: 2, tailBytes: 100 });
    await settled();
    expect(newest.next).toEqual({ executionId: E1, attempt: 1, offset: 6 });
    expect(tail.next).toEqual({ executionId: E1, attempt: 1, offset: 6 });
    expect(next.next).toEqual({ executionId: E1, attempt: 2, offset: 0 });
    scene.output.write(" and after").end();
    scene.attempts(RUNNING, result(16), undefined);
    const resumed = scene.follow(2, tail.next);
    await settled();
    expect(resumed.seen).toEqual(["1@6  and after"]);
  });

  test("with a tail, of an attempt that has not begun come from its start, whenever this node hears of it", async () => {
    const scene = await new Scene().submitted();
    scene.attempts(PENDING);
    const log = scene.follow(2, { tailBytes: 3 });
    await settled();
    expect(log.next).toEqual({ executionId: E1, attempt: 1, offset: 0 });
    scene.output.write("written meanwhile");
    scene.attempts(RUNNING, undefined);
    await settled();
    expect(log.seen).toEqual(["1@0 written meanwhile"]);
  });

  test("that are not followed end with what there is", async () => {
    const scene = await new Scene().submitted();
    scene.output.write("half");
    const running = scene.follow(2, { noFollow: true });
    await running.done;
    expect(running.seen).toEqual(["1@0 half"]);
    scene.attempts(PENDING);
    const pending = scene.follow(2, { noFollow: true });
    await pending.done;
    expect(pending.seen).toEqual([]);
    scene.attempts(COMPLETED, result(4, "half"));
    scene.output.end();
    const over = scene.follow(2, { noFollow: true });
    await over.done;
    expect(over.seen).toEqual(["1@0 half", "1@4 exit 3"]);
  });

  test("that are not followed call nothing missing that came while they were read", async () => {
    const scene = await new Scene().submitted();
    scene.output.write("half");
    const request = JobRequest.fromPartial({ id: "a", noFollow: true });
    const { signal } = new AbortController();
    const messages = scene.cluster.service(2).logs(alice, request, { signal });
    expect((await messages.next()).value).toMatchObject({ executionId: E1, attempt: 1, offset: 0 });
    expect((await messages.next()).value).toMatchObject({ offset: 0, log: Buffer.from("half") });
    scene.output.write(" and the rest");
    const after = messages.next();
    // The stream is over by now, and not its attempt; then the node learns of the result.
    scene.attempts(COMPLETED, result(17, "rest"));
    expect(await after).toMatchObject({ done: true });
  });

  test("tell what the reader was too late for", async () => {
    const scene = await new Scene().submitted();
    scene.output.write("0123456789").end();
    scene.output.firstOffset = 6;
    scene.attempts(COMPLETED, result(10));
    const log = scene.follow(2, { offset: 1 });
    await log.done;
    expect(log.seen).toEqual(["1@1 gap 5", "1@6 6789", "1@10 exit 3"]);
  });
});

describe("when the node that holds the output", () => {
  test("is cut off for a moment, the logs go on at the offset reached", async () => {
    const scene = await new Scene().submitted();
    scene.output.write("before ");
    const log = scene.follow(1);
    await settled();
    scene.cluster.peers.disconnect(3);
    scene.output.write("and after").end();
    await scene.cluster.clock.advance(3_000);
    scene.cluster.peers.reconnect(3);
    await scene.cluster.clock.advance(1_000);
    scene.attempts(COMPLETED, result(16));
    await log.done;
    expect(log.seen).toEqual(["1@0 before and after", "1@16 exit 3"]);
    expect(scene.cluster.held.get(3)!.asked.map(({ offset }) => offset)).toEqual([0, 7]);
    expect(scene.cluster.clock.timers).toBe(0);
  });

  test("is cut off before the first byte of a tail, the logs go on where the tail began", async () => {
    const scene = await new Scene().submitted();
    scene.output.write("before ");
    const log = scene.follow(1, { tailBytes: 0 });
    await settled();
    scene.cluster.peers.disconnect(3);
    scene.output.write("meanwhile");
    await scene.cluster.clock.advance(3_000);
    scene.cluster.peers.reconnect(3);
    await scene.cluster.clock.advance(1_000);
    expect(log.seen).toEqual(["1@7 meanwhile"]);
  });

  test("is cut off again after a long silence, its patience is whole again", async () => {
    const scene = await new Scene().submitted();
    const { peers, clock } = scene.cluster;
    scene.output.write("at first ");
    const log = scene.follow(1);
    await settled();
    for (const pauseMs of [60_000, 0]) {
      peers.disconnect(3);
      await clock.advance(3_000);
      peers.reconnect(3);
      await clock.advance(1_000 + pauseMs);
    }
    scene.output.write("at last").end();
    await settled();
    scene.attempts(COMPLETED, result(16));
    await log.done;
    expect(log.seen).toEqual(["1@0 at first at last", "1@16 exit 3"]);
  });

  test("is not reached any more though it runs the job, the reader is told to go elsewhere, in bounded time and tries", async () => {
    const scene = await new Scene().submitted();
    const log = scene.follow(1);
    await settled();
    scene.cluster.peers.disconnect(3);
    await scene.cluster.clock.advance(11_000);
    expect(await rejection(log.done)).toMatchObject({ code: "OUTPUT_UNREACHABLE", category: "unavailable" });
    expect(scene.cluster.store.listening).toBe(0);
    expect(scene.cluster.clock.timers).toBe(0);
  });

  test("was lost in mid-stream, how much it had is not known, which is said; then comes the next attempt", async () => {
    const scene = await new Scene().submitted();
    scene.output.write("part");
    const log = scene.follow(1);
    await settled();
    scene.cluster.peers.disconnect(3);
    scene.lost(3, true);
    scene.attempts(PENDING, NODE_LOST);
    await settled();
    scene.attempts(FAILED, NODE_LOST);
    await log.done;
    expect(log.seen).toEqual(["1@0 part", "1@4 rest lost", "1@0 exit 4"]);
  });

  test("is gone after the end, what was replicated takes its place: a gap, then the tail", async () => {
    const scene = await new Scene().submitted();
    scene.lost(3, true);
    scene.cluster.peers.disconnect(3);
    scene.attempts(COMPLETED, result(100, "the tail"));
    const from = async (request: Partial<JobRequest>): Promise<string[]> => {
      const log = scene.follow(2, request);
      await log.done;
      return log.seen.slice(0, -1);
    };
    expect(await from({})).toEqual(["1@0 gap 92", "1@92 the tail"]);
    expect(await from({ offset: 90 })).toEqual(["1@90 gap 2", "1@92 the tail"]);
    expect(await from({ offset: 96 })).toEqual(["1@96 tail"]);
    expect(await from({ offset: 100 })).toEqual([]);
    expect(await from({ tailBytes: 4 })).toEqual(["1@96 tail"]);
    expect(await from({ tailBytes: 1_000 })).toEqual(["1@0 gap 92", "1@92 the tail"]);
  });

  test("does not answer after the end and is not called lost yet, it is waited for a while", async () => {
    const scene = await new Scene().submitted();
    scene.cluster.peers.disconnect(3);
    scene.attempts(COMPLETED, result(3, "end"));
    const log = scene.follow(2);
    await scene.cluster.clock.advance(9_000);
    expect(log.seen).toEqual([]);
    await scene.cluster.clock.advance(3_000);
    await log.done;
    expect(log.seen).toEqual(["1@0 end", "1@3 exit 3"]);
  });

  test("holds nothing of it any more, what was replicated takes its place at once", async () => {
    const scene = await new Scene().submitted();
    scene.attempts(COMPLETED, result(10, "xyz"));
    const log = scene.follow(3);
    await log.done;
    expect(log.seen).toEqual(["1@0 gap 7", "1@7 xyz", "1@10 exit 3"]);
  });

  test("holds nothing of a tail that has no byte, the logs say all the same where it ended", async () => {
    const scene = await new Scene().submitted();
    scene.attempts(PENDING, result(0));
    const log = scene.follow(2, { tailBytes: 3 });
    await settled();
    expect(log.next).toEqual({ executionId: E1, attempt: 1, offset: 0 });
    scene.cluster.held.get(3)!.of(E1, 2).write("second");
    scene.attempts(RUNNING, result(0), undefined);
    const resumed = scene.follow(2, log.next);
    await settled();
    expect([log.seen, resumed.seen]).toEqual([["2@0 second"], ["2@0 second"]]);
  });

  test("does not know of it yet, it is asked again", async () => {
    const scene = await new Scene().submitted();
    const log = scene.follow(2);
    await settled();
    scene.output.write("late").end();
    await scene.cluster.clock.advance(100);
    scene.attempts(COMPLETED, result(4));
    await log.done;
    expect(log.seen).toEqual(["1@0 late", "1@4 exit 3"]);
  });
});

describe("a job without any execution", () => {
  test("has no end to count a tail from: all of its first attempt comes, also after a break", async () => {
    const scene = await new Scene().submitted();
    const { store } = scene.cluster;
    const [job, execution] = [store.jobs.get("a")!, store.executions.get(E1)!];
    store.jobs.set("a", { ...job, latestExecutionId: "" });
    store.executions.delete(E1);
    const log = scene.follow(2, { tailBytes: 2 });
    await settled();
    expect(log.next).toEqual({ executionId: "", attempt: 1, offset: 0 });
    scene.output.write("first").end();
    store.jobs.set("a", job);
    store.executions.set(E1, execution);
    scene.attempts(PENDING, result(5));
    const resumed = scene.follow(2, log.next);
    await settled();
    expect([log.seen, resumed.seen]).toEqual([["1@0 first"], ["1@0 first"]]);
  });

  test("that is to run later is waited for; one that never ran has an exit", async () => {
    const scene = new Scene();
    const later = submit({
      command: "make",
      jobId: "a",
      schedule: { kind: { $case: "at", value: { atMs: scene.cluster.clock.now() + 60_000 } } },
    });
    await scene.cluster.service(1).submitJob(alice, later);
    const log = scene.follow(2);
    await settled();
    const { store } = scene.cluster;
    store.jobs.set("a", {
      ...store.jobs.get("a")!,
      status: ExecutionStatus.CANCELLED,
      state: JobState.CANCELLED,
      finishedAtMs: 9,
    });
    store.emit("jobChanged", "a");
    await log.done;
    expect(log.seen).toEqual(["0@0 exit 6"]);
  });
});

describe("who follows", () => {
  test("case 4: bob is denied alice's logs and told nothing; an owner in the request is ignored; an admin may", async () => {
    const scene = await new Scene().submitted();
    scene.output.write("secret").end();
    scene.attempts(COMPLETED, result(6, "secret"));
    for (const nodeId of [1, 2, 3]) {
      const log = scene.follow(nodeId, { env: { owner: "alice" } }, bob);
      const error = await rejection(log.done);
      expect(error).toMatchObject({ code: "JOB_PERMISSION_DENIED", category: "denied" });
      expect(String(error.message)).not.toMatch(/alice|make|secret/);
      expect(log.seen).toEqual([]);
    }
    await scene.follow(2, {}, root).done;
    expect(await rejection(scene.follow(2, {}, otherNode).done)).toMatchObject({ code: "CALL_NOT_ALLOWED" });
    expect(await rejection(scene.follow(2, { id: "none" }, bob).done)).toMatchObject({
      code: "JOB_NOT_FOUND",
    });
  });

  test("cannot name an execution of another job, nor of an earlier job of the same id", async () => {
    const scene = await new Scene().submitted();
    const { store } = scene.cluster;
    store.executions.set(
      "a.0.1",
      Execution.fromPartial({ id: "a.0.1", jobId: "a", jobIncarnation: 7, owner: "bob", status: COMPLETED }),
    );
    store.executions.set(
      "b.1.1",
      Execution.fromPartial({ id: "b.1.1", jobId: "b", owner: "bob", status: COMPLETED }),
    );
    for (const executionId of ["a.0.1", "b.1.1", "none"])
      expect(await rejection(scene.follow(2, { executionId }).done)).toMatchObject({
        code: "EXECUTION_NOT_FOUND",
        category: "not-found",
      });
    expect(await rejection(scene.follow(2, { executionId: "../x" }).done)).toMatchObject({
      code: "INVALID_REQUEST",
    });
  });

  test("says where to begin in one way, within bounds", async () => {
    const scene = await new Scene().submitted();
    for (const request of [
      { offset: 1, tailBytes: 1 },
      { offset: -1 },
      { tailBytes: -1 },
      { id: "../x" },
      { id: "" },
    ])
      expect(await rejection(scene.follow(2, request).done)).toMatchObject({
        code: "INVALID_REQUEST",
        category: "invalid",
      });
  });

  test("leaves nothing behind when it leaves: at a pending job, at a silent one, at a node that is away", async () => {
    const scene = await new Scene().submitted();
    const leaving = async (prepare: () => void): Promise<void> => {
      prepare();
      const abort = new AbortController();
      const log = scene.follow(1, {}, alice, abort.signal);
      await settled();
      abort.abort(new Error("left"));
      await expect(log.done).rejects.toThrow("left");
      await settled();
      expect(scene.cluster.store.listening).toBe(0);
      expect(scene.cluster.clock.timers).toBe(0);
      expect(scene.cluster.held.get(3)!.readers).toBe(0);
    };
    await leaving(() => {
      scene.attempts(PENDING);
    });
    await leaving(() => {
      scene.attempts(RUNNING, undefined);
      scene.output.write("x");
    });
    await leaving(() => {
      scene.cluster.peers.disconnect(3);
    });
  });

  test("is refused beyond the limit of one caller, and of the node; a slot comes back with the end", async () => {
    const scene = await new Scene({ settings: { maxLogStreamsPerCaller: 2, maxLogStreams: 3 } }).submitted();
    const abort = new AbortController();
    scene.follow(1, {}, alice, abort.signal);
    scene.follow(1);
    scene.follow(1, {}, root);
    await settled();
    const refused = await rejection(scene.follow(1).done);
    expect(refused).toMatchObject({ code: "TOO_MANY_LOG_STREAMS", category: "exhausted" });
    expect(await rejection(scene.follow(1, {}, root).done)).toMatchObject({ code: "TOO_MANY_LOG_STREAMS" });
    abort.abort();
    await settled();
    scene.follow(1);
    await settled();
    expect(scene.cluster.held.get(3)!.asked).toHaveLength(4);
    expect(await rejection(scene.follow(1).done)).toMatchObject({ code: "TOO_MANY_LOG_STREAMS" });
  });

  test("is sent to another node by one that stops", async () => {
    const scene = await new Scene().submitted();
    const log = scene.follow(1);
    await settled();
    scene.cluster.service(1).close();
    scene.cluster.service(1).close();
    expect(await rejection(log.done)).toMatchObject({ code: "NODE_STOPPING", category: "unavailable" });
    expect(await rejection(scene.follow(1).done)).toMatchObject({ code: "NODE_STOPPING" });
  });

  test("a node that has not heard of the job yet waits for it, and says so when it stays away", async () => {
    const scene = await new Scene().submitted();
    const { store } = scene.cluster;
    const execution = store.executions.get(E1)!;
    const answer = scene.cluster.service(1).listExecutions.bind(scene.cluster.service(1));
    scene.cluster.service(1).listExecutions = async (...args) => {
      const page = await answer(...args);
      store.executions.delete(E1);
      return page;
    };
    const late = scene.follow(2);
    await settled();
    store.executions.set(E1, execution);
    scene.output.write("x");
    store.emit("assigned", "a");
    await settled();
    expect(late.seen).toEqual(["1@0 x"]);
    const never = scene.follow(2);
    await scene.cluster.clock.advance(6_000);
    expect(await rejection(never.done)).toMatchObject({ code: "NODE_LAGS", category: "unavailable" });
  });
});
