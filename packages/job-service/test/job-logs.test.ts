import { describe, expect, test } from "@jest/globals";
import { AttemptOutcome, ExecutionStatus, JobRequest, JobState } from "@coxswain/protocol";
import { E1, result, Scene } from "./log-scene.ts";
import { settled } from "./manual-clock.ts";
import { alice, submit } from "./requests.ts";

const { PENDING, RUNNING, COMPLETED } = ExecutionStatus;

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
