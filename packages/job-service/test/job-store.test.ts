import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import {
  AttemptOutcome,
  CancelJobRequest,
  Command,
  DeleteJobRequest,
  ExecutionStatus,
  ListExecutionsRequest,
  ListJobsRequest,
} from "@coxswain/protocol";
import { COMMAND_VERSION, encodeCommand, JobStore, MemoryStateDirectory } from "@coxswain/state-machine";
import type { ApplyResult, CommandBody } from "@coxswain/state-machine";
import { v7 } from "uuid";
import { MemoryCluster } from "./memory-cluster.ts";
import { alice, bob, rejection, root, submit } from "./requests.ts";

let store: JobStore;
let cluster: MemoryCluster;

async function apply(data: Uint8Array): Promise<ApplyResult> {
  const [result] = await store.apply([{ index: store.appliedIndex() + 1, term: 1, type: "normal", data }]);
  return result!;
}

/** What nobody but another room would propose. */
function command(body: CommandBody): Promise<ApplyResult> {
  return apply(
    encodeCommand(
      Command.fromPartial({ version: COMMAND_VERSION, timeMs: cluster.clock.now(), body } as object),
    ),
  );
}

beforeEach(async () => {
  store = await JobStore.open({ directory: new MemoryStateDirectory() });
  cluster = new MemoryCluster({ store }, apply);
  const node = {
    nodeId: 1,
    uuid: "u",
    incarnation: 1,
    address: "127.0.0.1:1",
    executors: ["process"],
    capacity: 100,
    adopted: [],
    featureLevel: 1,
    labels: {},
    missingExecutors: {},
    executorLimitations: {},
    maxLeaseMs: 0,
  };
  await command({ $case: "registerNode", value: node });
});

afterEach(() => store.close());

const status = (jobId: string) => cluster.service(2).getJobStatus(alice, { jobId, stale: false });
const id = () => v7({ msecs: cluster.clock.now() });

describe("with the replicated store itself", () => {
  test("a job is stored, assigned, run and told of", async () => {
    const { jobId } = await cluster
      .service(3)
      .submitJob(alice, submit({ command: "echo hello", jobId: id() }));
    const running = await status(jobId);
    expect(running).toMatchObject({
      status: ExecutionStatus.RUNNING,
      assignedWorker: 1,
      executedBy: 0,
      attempts: 1,
      executions: 1,
    });
    const result = {
      outcome: AttemptOutcome.SUCCEEDED,
      exitCode: 0,
      outputTail: new TextEncoder().encode("hello\n"),
    };
    const item = {
      executionId: running.latestExecutionId,
      attempt: 1,
      nodeId: 1,
      nodeIncarnation: 1,
      startedAtMs: 1,
      endedAtMs: 2,
      result,
    };
    await command(
      Command.fromPartial({ body: { $case: "reportAttempts", value: { items: [item] } } } as object).body!,
    );
    const done = await status(jobId);
    expect(done).toMatchObject({ status: ExecutionStatus.COMPLETED, executedBy: 1, exitCode: 0 });
    expect(new TextDecoder().decode(done.output)).toBe("hello\n");
    const { executions } = await cluster
      .service(1)
      .listExecutions(alice, ListExecutionsRequest.fromPartial({ jobId }));
    expect(executions).toHaveLength(1);
  });

  test("a task that does nothing is completed in the same step", async () => {
    const { jobId } = await cluster
      .service(1)
      .submitJob(alice, submit({ task: { kind: { $case: "none", value: {} } }, jobId: id() }));
    expect(await status(jobId)).toMatchObject({ status: ExecutionStatus.COMPLETED });
  });

  test("the same id and content is the same job, another content or another client is a conflict", async () => {
    const request = submit({ command: "true", jobId: id() });
    expect(await cluster.service(1).submitJob(alice, request)).toMatchObject({ existed: false });
    expect(await cluster.service(2).submitJob(alice, request)).toMatchObject({ existed: true });
    expect(
      await rejection(cluster.service(1).submitJob(alice, { ...request, command: "false" })),
    ).toMatchObject({ code: "JOB_CONFLICT" });
    expect(await rejection(cluster.service(1).submitJob(bob, request))).toMatchObject({
      code: "JOB_CONFLICT",
    });
    expect(await rejection(cluster.service(1).submitJob(root, request))).toMatchObject({
      code: "JOB_CONFLICT",
    });
  });

  test("one batch may hold the same job twice, and makes it once", async () => {
    const request = submit({ command: "true", jobId: id() });
    const results = await cluster
      .service(1)
      .submitJobs(alice, [request, request, { ...request, command: "false" }]);
    expect(
      results.map(({ result }) => (result?.$case === "job" ? result.value.existed : result?.value.code)),
    ).toEqual([false, true, "JOB_CONFLICT"]);
  });

  test("an id of long ago is refused: nobody knows any more whether it was used", async () => {
    const jobId = v7({ msecs: cluster.clock.now() - 10 * 365 * 86_400_000 });
    expect(
      await rejection(cluster.service(1).submitJob(alice, submit({ command: "true", jobId }))),
    ).toMatchObject({ code: "REQUEST_EXPIRED" });
    const requestId = jobId;
    const { jobId: mine } = await cluster
      .service(1)
      .submitJob(alice, submit({ command: "true", jobId: id() }));
    expect(
      await rejection(
        cluster.service(1).cancelJob(alice, CancelJobRequest.fromPartial({ jobId: mine, requestId })),
      ),
    ).toMatchObject({ code: "REQUEST_EXPIRED" });
  });

  test("a cancel is done once, and told again to a retry", async () => {
    const { jobId } = await cluster.service(1).submitJob(alice, submit({ command: "true", jobId: id() }));
    const cancel = CancelJobRequest.fromPartial({ jobId, reason: "enough", requestId: "r" });
    const first = await cluster.service(2).cancelJob(alice, cancel);
    expect(first).toMatchObject({ success: true, status: ExecutionStatus.RUNNING });
    expect(await cluster.service(3).cancelJob(alice, cancel)).toEqual(first);
    expect(
      await rejection(cluster.service(1).cancelJob(alice, { ...cancel, reason: "other" })),
    ).toMatchObject({ code: "REQUEST_CONFLICT" });
    expect(await status(jobId)).toMatchObject({ cancelReason: "enough" });
  });

  test("a delete is done once, and told again to a retry that finds no job any more", async () => {
    const { jobId } = await cluster
      .service(1)
      .submitJob(alice, submit({ task: { kind: { $case: "none", value: {} } }, jobId: id() }));
    const remove = DeleteJobRequest.fromPartial({ jobId, requestId: id() });
    expect(await cluster.service(2).deleteJob(alice, remove)).toEqual({});
    expect(await cluster.service(2).deleteJob(alice, remove)).toEqual({});
    expect(await rejection(status(jobId))).toMatchObject({ code: "JOB_NOT_FOUND" });
    expect(
      await rejection(cluster.service(1).deleteJob(alice, DeleteJobRequest.fromPartial({ jobId }))),
    ).toMatchObject({ code: "JOB_NOT_FOUND" });
  });

  test("lists are filtered, paged, and one's own", async () => {
    for (let i = 0; i < 6; i++) {
      await cluster
        .service(1)
        .submitJob(
          i % 2 === 0 ? alice : bob,
          submit({ command: `echo Row ${String(i)}`, jobId: `j${String(i)}` }),
        );
    }
    const list = async (caller: typeof alice, parts: object) => {
      const page = await cluster.service(2).listJobs(caller, ListJobsRequest.fromPartial(parts));
      return [page.jobs.map(({ jobId }) => jobId), page.totalCount, page.nextPageToken === ""] as const;
    };
    expect(await list(alice, {})).toEqual([["j4", "j2", "j0"], 3, true]);
    expect(await list(alice, { ownerFilter: "bob", commandFilter: "row 2" })).toEqual([
      ["j2"],
      expect.any(Number),
      true,
    ]);
    expect((await list(root, { ownerFilter: "bob" }))[0]).toEqual(["j5", "j3", "j1"]);
    expect((await list(root, { workerIdFilter: 9 }))[0]).toEqual([]);
    expect((await list(root, { statusFilter: ExecutionStatus.RUNNING, pageSize: 4 })).slice(1)).toEqual([
      6,
      false,
    ]);
    const first = await cluster.service(1).listJobs(root, ListJobsRequest.fromPartial({ pageSize: 4 }));
    const rest = await cluster
      .service(3)
      .listJobs(root, ListJobsRequest.fromPartial({ pageSize: 4, pageToken: first.nextPageToken }));
    expect(rest.jobs.map(({ jobId }) => jobId)).toEqual(["j1", "j0"]);
    expect(
      await rejection(cluster.service(1).listJobs(root, ListJobsRequest.fromPartial({ pageToken: "?" }))),
    ).toMatchObject({ code: "INVALID_PAGE_TOKEN", category: "invalid" });
    // A token of another client's listing shows nothing of it.
    const stolen = await cluster
      .service(1)
      .listJobs(bob, ListJobsRequest.fromPartial({ pageToken: first.nextPageToken }))
      .then(
        ({ jobs }) => jobs,
        () => [],
      );
    expect(stolen.every(({ owner }) => owner === "bob")).toBe(true);
  });

  test("what no limit of a request forbids, the store takes", async () => {
    const owner = { name: "x".repeat(64), role: "client" } as const;
    const jobId = "j".repeat(128);
    const task = {
      kind: { $case: "process", value: { argv: ["a"], env: { A: "\n" }, workingDirectory: "/" } },
    };
    const policy = {
      maxAttempts: 100,
      timeoutMs: 1,
      retryInitialMs: 1,
      retryMaxMs: 1,
      onNodeLoss: 2,
      misfire: 3,
      priority: 1_000,
    };
    const schedule = {
      kind: {
        $case: "cron",
        value: { expression: "@yearly", timeZone: "Europe/Berlin", firstMs: 0, lastMs: 0 },
      },
    };
    expect(
      await cluster.service(1).submitJob(owner, submit({ jobId, task, policy, schedule })),
    ).toMatchObject({ jobId });
    expect(await cluster.service(1).getJobStatus(owner, { jobId, stale: false })).toMatchObject({
      policy,
      status: ExecutionStatus.PENDING,
    });
  });

  test("a delete that found no job does not remove the one that another client submits at that moment", async () => {
    cluster.nextProposals.push(async (proposed) => {
      const later = { atMs: cluster.clock.now() + 60_000 };
      const schedule = { kind: { $case: "at" as const, value: later } };
      await cluster.service(1).submitJob(alice, submit({ command: "true", jobId: "nightly", schedule }));
      return await apply(proposed);
    });
    const request = DeleteJobRequest.fromPartial({ jobId: "nightly" });
    expect(await rejection(cluster.service(2).deleteJob(bob, request))).toMatchObject({
      code: "JOB_PERMISSION_DENIED",
      category: "denied",
    });
    expect(await status("nightly")).toMatchObject({ owner: "alice" });
  });
});
