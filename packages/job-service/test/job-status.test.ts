import { describe, expect, test } from "@jest/globals";
import { Execution, ExecutionStatus, Job, JobState, Node } from "@coxswain/protocol";
import { pendingReason } from "../src/pending-reason.ts";
import { MemoryCluster } from "./memory-cluster.ts";
import { alice, bob, otherNode, rejection, root, submit } from "./requests.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

async function withJob(room: number | "none" = 1, options = {}): Promise<MemoryCluster> {
  const cluster = new MemoryCluster(options);
  cluster.room = room === "none" ? undefined : room;
  await cluster.service(1).submitJob(alice, submit({ command: "make", jobId: "a" }));
  return cluster;
}

const ask = { jobId: "a", stale: false };

describe("the status of a job", () => {
  test("tells how it ended, where, and what it wrote last", async () => {
    const cluster = await withJob();
    cluster.store.finish("a", "no rule to make target", 2);
    expect(await cluster.service(3).getJobStatus(alice, ask)).toMatchObject({
      jobId: "a",
      status: ExecutionStatus.FAILED,
      state: JobState.FINISHED,
      error: "exit code 2",
      errorType: "EXIT_CODE",
      exitCode: 2,
      assignedWorker: 1,
      executedBy: 1,
      attempts: 1,
      completedAtMs: 99,
      owner: "alice",
    });
    expect(text((await cluster.service(3).getJobStatus(alice, ask)).output)).toBe("no rule to make target");
  });

  test("leaves out what is not there yet", async () => {
    const status = await (await withJob("none")).service(1).getJobStatus(alice, ask);
    expect(status).toMatchObject({ status: ExecutionStatus.PENDING, assignedWorker: 0, executedBy: 0 });
    expect(status).not.toHaveProperty("exitCode");
    expect(status).not.toHaveProperty("completedAtMs");
  });

  test("says why a job waits that no node can take", async () => {
    const cluster = await withJob("none");
    const waits = async (): Promise<string> =>
      (await cluster.service(1).getJobStatus(alice, ask)).pendingReason;
    const node = (id: number, more: Partial<Node> = {}): Node =>
      Node.fromPartial({ id, capacity: 1, executors: ["webhook"], ...more });
    const members = (nodes: readonly Node[]): void => {
      cluster.store.members.clear();
      for (const each of nodes) cluster.store.members.set(each.id, each);
    };
    // Leases are held by nodes 1 and 2.
    members([node(1), node(2), node(3, { executors: ["process"] })]);
    expect(await waits()).toBe("No node offers process: it is not among --executors");
    const missingExecutors = { process: "no sandbox" };
    members([node(1, { missingExecutors }), node(2, { missingExecutors })]);
    expect(await waits()).toBe("No node offers process: no sandbox");
    members([node(1, { missingExecutors }), node(2)]);
    expect(await waits()).toBe(
      "No node offers process: node 1: no sandbox; node 2: it is not among --executors",
    );
    members([node(1, { executors: ["process"], draining: true })]);
    expect(await waits()).toBe("Every node that offers process is draining.");
    members([node(1, { executors: ["process"] })]);
    expect(await waits()).toBe("");
    members([]);
    expect(await waits()).toBe("No node is there.");
    const stale = { ...ask, stale: true };
    members([node(3, { lost: true }), node(1)]);
    expect((await cluster.service(2).getJobStatus(alice, stale)).pendingReason).toBe(
      "No node offers process: it is not among --executors",
    );
  });

  test("says nothing of the kind of a job that runs, or waits for its next attempt", async () => {
    expect((await (await withJob()).service(1).getJobStatus(alice, ask)).pendingReason).toBe("");
    const job = Job.fromPartial({ task: { kind: { $case: "docker", value: {} } } });
    const waits = Execution.fromPartial({ status: ExecutionStatus.PENDING, retryAtMs: 5 });
    expect(pendingReason(job, waits, [], 4)).toBe("");
    expect(pendingReason(job, waits, [], 5)).toBe("No node is there.");
    expect(pendingReason(job, undefined, [], 5)).toBe("");
  });

  test("is read from a leader that has confirmed its quorum, from whichever node it is asked", async () => {
    const cluster = await withJob();
    await cluster.service(2).getJobStatus(alice, ask);
    expect(cluster.reads).toBe(1);
  });

  test("with `stale` comes from the node asked, leader or no leader", async () => {
    const cluster = await withJob();
    cluster.leader = 0;
    expect(await cluster.service(2).getJobStatus(alice, { jobId: "a", stale: true })).toMatchObject({
      jobId: "a",
    });
    expect(cluster.reads).toBe(0);
  });

  test("of a foreign job is denied and tells nothing; an admin sees all; a node sees none", async () => {
    const cluster = await withJob();
    for (const stale of [false, true]) {
      const error = await rejection(cluster.service(2).getJobStatus(bob, { jobId: "a", stale }));
      expect(error).toMatchObject({ code: "JOB_PERMISSION_DENIED", category: "denied" });
      expect(String(error.message)).not.toMatch(/alice|make/);
    }
    expect(await cluster.service(2).getJobStatus(root, ask)).toMatchObject({ owner: "alice" });
    expect(await rejection(cluster.service(2).getJobStatus(otherNode, ask))).toMatchObject({
      code: "CALL_NOT_ALLOWED",
    });
    expect(
      await rejection(cluster.service(2).getJobStatus(bob, { jobId: "none", stale: false })),
    ).toMatchObject({ code: "JOB_NOT_FOUND" });
  });
});

describe("the output of a running job", () => {
  test("comes from the node that runs it", async () => {
    const cluster = await withJob(3);
    cluster.outputs.set("3/a.1.1/1", "half way");
    expect(text((await cluster.service(1).getJobStatus(alice, ask)).output)).toBe("half way");
    expect(text((await cluster.service(3).getJobStatus(alice, { ...ask, stale: true })).output)).toBe(
      "half way",
    );
  });

  test("is cut to its tail", async () => {
    const cluster = await withJob(3, { settings: { outputTailBytes: 3 } });
    cluster.outputs.set("3/a.1.1/1", "half way");
    expect(text((await cluster.service(1).getJobStatus(alice, ask)).output)).toBe("way");
  });

  test("is left out when that node is gone or does not answer soon; the status stands", async () => {
    const cluster = await withJob(3);
    cluster.peers.disconnect(3);
    expect(await cluster.service(1).getJobStatus(alice, ask)).toMatchObject({
      status: ExecutionStatus.RUNNING,
      output: new Uint8Array(),
    });

    const silent = {
      forward: () => Promise.reject(new Error()),
      output: () => new Promise<undefined>(() => {}),
    };
    const slow = await withJob(3, { peers: silent });
    const answer = slow.service(1).getJobStatus(alice, ask);
    await slow.clock.advance(500);
    expect(await answer).toMatchObject({ status: ExecutionStatus.RUNNING, output: new Uint8Array() });
    expect(slow.clock.timers).toBe(0);
  });
});
