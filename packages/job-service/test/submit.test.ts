import { describe, expect, test } from "@jest/globals";
import { ExecutionStatus } from "@coxswain/protocol";
import type { SubmitJobs_Item, SubmitJobResult } from "@coxswain/protocol";
import { v7 } from "uuid";
import { DEFAULT_POLICY } from "../src/limits.ts";
import { RefusedError } from "../src/errors.ts";
import { MemoryCluster } from "./memory-cluster.ts";
import { alice, bob, otherNode, rejection, root, submit } from "./requests.ts";

function items(cluster: MemoryCluster): SubmitJobs_Item[] {
  return cluster.store.commands.flatMap(({ body }) => (body?.$case === "submitJobs" ? body.value.items : []));
}

const kindsOf = (results: readonly SubmitJobResult[]): unknown[] =>
  results.map(({ result }) =>
    result?.$case === "error" ? result.value.code : result?.value.existed === true ? "existed" : "created",
  );

describe("a submit", () => {
  test("stores and assigns the job in one command that leaves nothing to defaults", async () => {
    const cluster = new MemoryCluster();
    const jobId = v7({ msecs: cluster.clock.now() - 5 });
    const response = await cluster.service(1).submitJob(alice, submit({ command: "echo hello", jobId }));
    expect(response).toEqual({ jobId, createdAtMs: cluster.clock.now(), existed: false });
    expect(cluster.store.commands).toHaveLength(1);
    expect(cluster.store.commands[0]).toMatchObject({ version: 1, timeMs: cluster.clock.now() });
    expect(items(cluster)).toMatchObject([
      {
        jobId,
        owner: "alice",
        task: { kind: { $case: "process", value: { shell: "echo hello" } } },
        policy: DEFAULT_POLICY,
        nextDueMs: 0,
        placement: { nodeId: 1, nodeIncarnation: 1 },
        idTimeMs: cluster.clock.now() - 5,
      },
    ]);
    expect(items(cluster)[0]?.contentHash).toHaveLength(32);
  });

  test("of a docker task without an image gets the default one, and is the same job at a node with another default", async () => {
    const cluster = new MemoryCluster({ defaultImage: "busybox:1" });
    const value = { image: "", shell: "true", argv: [], env: {}, workingDirectory: "" };
    const request = submit({ jobId: "d", task: { kind: { $case: "docker", value } } });
    await cluster.service(1).submitJob(alice, request);
    expect(items(cluster)[0]?.task).toEqual({
      kind: { $case: "docker", value: { ...value, image: "busybox:1" } },
    });
    expect((await cluster.service(2).submitJob(alice, request)).existed).toBe(true);
  });

  test("of a docker task gets the limit of time of containers, the log keeps the limits it asked for", async () => {
    const cluster = new MemoryCluster({ dockerTimeoutMs: 7_000 });
    const limits = { memoryBytes: 32 * 1024 ** 2, cpus: 0.2 };
    const value = { image: "a:1", shell: "true", argv: [], env: {}, workingDirectory: "", limits };
    await cluster.service(1).submitJob(alice, submit({ task: { kind: { $case: "docker", value } } }));
    await cluster.service(1).submitJob(alice, submit({ command: "true" }));
    expect(items(cluster)[0]).toMatchObject({
      task: { kind: { value: { limits } } },
      policy: { timeoutMs: 7_000 },
    });
    expect(items(cluster)[1]?.policy?.timeoutMs).toBe(300_000);
  });

  test("gives back its reservation when the log refuses, and when nothing has room", async () => {
    const cluster = new MemoryCluster();
    cluster.nextProposals.push(() =>
      Promise.reject(
        new RefusedError({ code: "TOO_MANY_PROPOSALS", category: "exhausted", message: "full" }),
      ),
    );
    expect(await rejection(cluster.service(1).submitJob(alice, submit({ command: "true" })))).toMatchObject({
      category: "exhausted",
    });
    expect(cluster.reserved).toBe(0);
    cluster.room = undefined;
    await cluster.service(1).submitJob(alice, submit({ command: "true", jobId: "waits" }));
    expect(cluster.store.jobs.get("waits")?.status).toBe(ExecutionStatus.PENDING);
  });

  test("places nothing for what is due later or needs no node", async () => {
    const cluster = new MemoryCluster();
    const atMs = cluster.clock.now() + 3_000;
    await cluster
      .service(1)
      .submitJob(alice, submit({ command: "true", schedule: { kind: { $case: "at", value: { atMs } } } }));
    await cluster.service(1).submitJob(alice, submit({ task: { kind: { $case: "none", value: {} } } }));
    expect(items(cluster).map(({ placement, nextDueMs }) => [placement, nextDueMs])).toEqual([
      [undefined, atMs],
      [undefined, 0],
    ]);
  });

  test("comes through any node, with the caller's name", async () => {
    const cluster = new MemoryCluster();
    await cluster.service(3).submitJob(alice, submit({ command: "true", jobId: "a" }));
    expect(cluster.store.jobs.get("a")?.owner).toBe("alice");
  });

  test("is answered with the job that is there when it is sent again, at any node", async () => {
    const cluster = new MemoryCluster();
    const request = submit({ command: "true", jobId: "a" });
    await cluster.service(1).submitJob(alice, request);
    expect(await cluster.service(2).submitJob(alice, request)).toMatchObject({ jobId: "a", existed: true });
    expect(
      await rejection(cluster.service(2).submitJob(alice, submit({ command: "false", jobId: "a" }))),
    ).toMatchObject({ code: "JOB_CONFLICT", category: "conflict" });
  });

  test("sent again too late for its own schedule it still gets the job that is there", async () => {
    const cluster = new MemoryCluster();
    const request = submit({
      command: "true",
      jobId: "a",
      schedule: { kind: { $case: "at", value: { atMs: cluster.clock.now() + 10 } } },
    });
    const first = await cluster.service(1).submitJob(alice, request);
    await cluster.clock.advance(3_600_000);
    expect(await cluster.service(1).submitJob(alice, request)).toEqual({ ...first, existed: true });
    expect(await rejection(cluster.service(1).submitJob(bob, request))).toMatchObject({
      code: "JOB_CONFLICT",
    });
    expect(await rejection(cluster.service(1).submitJob(alice, { ...request, jobId: "b" }))).toMatchObject({
      code: "INVALID_REQUEST",
    });
  });

  test("that a failover cut off is made once, however often it was tried", async () => {
    const cluster = new MemoryCluster();
    const job = submit({ command: "true", jobId: "a" });
    // The old leader commits it and dies before it answers; node 3 takes over.
    cluster.nextProposals.push(() => {
      cluster.elect(3);
      return Promise.reject(
        new RefusedError({ code: "PROPOSAL_OUTCOME_UNKNOWN", category: "unknown-outcome", message: "lost" }),
      );
    });
    const answer = cluster.service(2).submitJob(alice, job);
    await cluster.clock.advance(500);
    expect(await answer).toMatchObject({ jobId: "a", existed: false });
    expect(cluster.store.jobs.size).toBe(1);
  });

  test("without an id gets one before it is first tried, so that its own retries meet", async () => {
    const cluster = new MemoryCluster();
    cluster.peers.disconnect(1);
    const answer = cluster.service(2).submitJob(alice, submit({ command: "true" }));
    await cluster.clock.advance(300);
    cluster.peers.reconnect(1);
    await cluster.clock.advance(300);
    expect(await answer).toMatchObject({ jobId: "made-1" });
  });

  test("is not for nodes in their own name", async () => {
    const cluster = new MemoryCluster();
    expect(
      await rejection(cluster.service(1).submitJob(otherNode, submit({ command: "true" }))),
    ).toMatchObject({ code: "CALL_NOT_ALLOWED", category: "denied" });
    expect(
      await rejection(cluster.service(1).submitJob({ name: "", role: "admin" }, submit({ command: "true" }))),
    ).toMatchObject({ category: "denied" });
  });
});

describe("a batch", () => {
  test("is one command, and each job has its own result in its place", async () => {
    const cluster = new MemoryCluster();
    await cluster.service(1).submitJob(alice, submit({ command: "true", jobId: "there" }));
    const results = await cluster
      .service(2)
      .submitJobs(alice, [
        submit({ command: "true", jobId: "a" }),
        submit({ command: "", jobId: "b" }),
        submit({ command: "true", jobId: "there" }),
        submit({ command: "false", jobId: "there" }),
        submit({ command: "true", jobId: "c" }),
      ]);
    expect(kindsOf(results)).toEqual(["created", "INVALID_REQUEST", "existed", "JOB_CONFLICT", "created"]);
    expect(cluster.store.commands).toHaveLength(2);
    expect(cluster.reserved).toBe(0);
  });

  test("has at most 256 jobs", async () => {
    const cluster = new MemoryCluster();
    const jobs = Array.from({ length: 257 }, () => submit({ command: "true" }));
    expect(await rejection(cluster.service(1).submitJobs(alice, jobs))).toMatchObject({
      code: "INVALID_REQUEST",
    });
    expect(kindsOf(await cluster.service(1).submitJobs(alice, jobs.slice(1)))).toHaveLength(256);
  });

  test("of large jobs is cut into several log entries, and one too large as a whole is refused", async () => {
    const cluster = new MemoryCluster({ limits: { maxProposalBytes: 100_000, maxBatchBytes: 300_000 } });
    const large = (n: number) =>
      Array.from({ length: n }, (_, i) =>
        submit({
          jobId: `j${String(i)}`,
          task: {
            kind: { $case: "webhook", value: { url: "http://x.test/", payload: new Uint8Array(40_000) } },
          },
        }),
      );
    expect(kindsOf(await cluster.service(1).submitJobs(alice, large(5)))).toEqual(Array(5).fill("created"));
    expect(
      cluster.store.commands.map(({ body }) => (body?.$case === "submitJobs" ? body.value.items.length : 0)),
    ).toEqual([2, 2, 1]);
    expect(await rejection(cluster.service(1).submitJobs(alice, large(8)))).toMatchObject({
      code: "INVALID_REQUEST",
    });
  });

  test("of which a part is lost is tried again as a whole, and nothing is made twice", async () => {
    const cluster = new MemoryCluster({ limits: { maxProposalBytes: 1 } });
    cluster.nextProposals.push(() =>
      Promise.reject(
        new RefusedError({ code: "PROPOSAL_DROPPED", category: "unavailable", message: "dropped" }),
      ),
    );
    const answer = cluster
      .service(1)
      .submitJobs(alice, [submit({ command: "true", jobId: "a" }), submit({ command: "true", jobId: "b" })]);
    await cluster.clock.advance(50);
    expect(kindsOf(await answer)).toEqual(["created", "existed"]);
    expect(cluster.reserved).toBe(0);
  });

  test("of which one part had no room says so of that part alone; if none had, of the whole", async () => {
    const full = () =>
      Promise.reject(
        new RefusedError({ code: "TOO_MANY_PROPOSALS", category: "exhausted", message: "full" }),
      );
    const cluster = new MemoryCluster({ limits: { maxProposalBytes: 1 } });
    const two = [submit({ command: "true", jobId: "a" }), submit({ command: "true", jobId: "b" })];
    cluster.nextProposals.push(full);
    expect(kindsOf(await cluster.service(1).submitJobs(alice, two))).toEqual([
      "TOO_MANY_PROPOSALS",
      "created",
    ]);
    cluster.nextProposals.push(full, full);
    expect(await rejection(cluster.service(1).submitJobs(alice, two))).toMatchObject({
      category: "exhausted",
    });
  });

  test("that was lost and then had no room does not claim that nothing was done", async () => {
    const cluster = new MemoryCluster();
    const refuse = (category: string) => () =>
      Promise.reject(new RefusedError({ code: "SOME", category, message: "" }));
    cluster.nextProposals.push(refuse("unknown-outcome"), refuse("exhausted"));
    const error = rejection(cluster.service(1).submitJobs(alice, [submit({ command: "true" })]));
    await cluster.clock.advance(50);
    expect(await error).toMatchObject({ code: "OUTCOME_UNKNOWN" });
  });

  test("keeps no place reserved when a late job in it cannot be looked up", async () => {
    const cluster = new MemoryCluster();
    const late = submit({
      command: "true",
      jobId: "late",
      schedule: { kind: { $case: "at", value: { atMs: 1 } } },
    });
    const answer = cluster.service(1).submitJobs(alice, [submit({ command: "true", jobId: "a" }), late]);
    cluster.elect(2);
    await cluster.clock.advance(100);
    expect(kindsOf(await answer)).toEqual(["created", "INVALID_REQUEST"]);
    expect(cluster.reserved).toBe(0);
  });

  test("of nothing is nothing", async () => {
    expect(await new MemoryCluster().service(1).submitJobs(alice, [])).toEqual([]);
  });

  test("of nothing valid never reaches the log", async () => {
    const cluster = new MemoryCluster();
    cluster.leader = 0;
    expect(kindsOf(await cluster.service(1).submitJobs(alice, [submit({})]))).toEqual(["INVALID_REQUEST"]);
  });
});

describe("submits that reach a follower together", () => {
  test("go to the leader in one call for each caller, and each gets its own answer", async () => {
    const cluster = new MemoryCluster();
    const service = cluster.service(2);
    const answers = await Promise.allSettled([
      service.submitJob(alice, submit({ command: "true", jobId: "a" })),
      service.submitJob(bob, submit({ command: "true", jobId: "b" })),
      service.submitJob(alice, submit({ command: "false", jobId: "a" })),
      service.submitJob(alice, submit({ command: "" })),
      service.submitJobs(alice, [submit({ command: "true", jobId: "c" })]),
    ]);
    expect(answers).toMatchObject([
      { value: { jobId: "a", existed: false } },
      { value: { jobId: "b", existed: false } },
      { reason: { code: "JOB_CONFLICT", category: "conflict" } },
      { reason: { code: "INVALID_REQUEST" } },
      { value: [{ result: { $case: "job", value: { jobId: "c" } } }] },
    ]);
    expect(cluster.store.commands).toHaveLength(2);
    expect([...cluster.store.jobs.values()].map(({ id, owner }) => `${id} ${owner}`)).toEqual([
      "a alice",
      "c alice",
      "b bob",
    ]);
  });

  test("are told apart when nobody leads: each waits out its own time", async () => {
    const cluster = new MemoryCluster();
    cluster.leader = 0;
    const soon = rejection(
      cluster
        .service(2)
        .submitJob(alice, submit({ command: "true" }), { deadlineMs: cluster.clock.now() + 1_000 }),
    );
    const late = cluster.service(2).submitJob(alice, submit({ command: "true", jobId: "a" }));
    await cluster.clock.advance(1_000);
    expect(await soon).toMatchObject({ code: "NO_LEADER" });
    cluster.leader = 3;
    await cluster.clock.advance(300);
    expect(await late).toMatchObject({ jobId: "a" });
  });
});

describe("a node that is about to stop", () => {
  test("takes no new jobs, but passes them to whoever leads next", async () => {
    const cluster = new MemoryCluster();
    cluster.service(1).stopAccepting();
    const answer = cluster.service(1).submitJob(alice, submit({ command: "true", jobId: "a" }));
    await cluster.clock.advance(100);
    expect(cluster.store.jobs.size).toBe(0);
    cluster.elect(2);
    await cluster.clock.advance(300);
    expect(await answer).toMatchObject({ jobId: "a" });
  });

  test("says so when nobody else takes over", async () => {
    const cluster = new MemoryCluster();
    cluster.service(1).stopAccepting();
    const error = rejection(cluster.service(2).submitJob(root, submit({ command: "true" })));
    await cluster.clock.advance(5_000);
    expect(await error).toMatchObject({ code: "NODE_DRAINING", category: "unavailable" });
  });
});
