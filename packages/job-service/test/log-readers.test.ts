import { describe, expect, test } from "@jest/globals";
import { Execution, ExecutionStatus } from "@coxswain/protocol";
import { E1, result, Scene } from "./log-scene.ts";
import { settled } from "./manual-clock.ts";
import { alice, bob, otherNode, rejection, root } from "./requests.ts";

const { PENDING, RUNNING, COMPLETED } = ExecutionStatus;

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
