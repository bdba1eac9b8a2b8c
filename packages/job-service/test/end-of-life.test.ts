import { describe, expect, test } from "@jest/globals";
import { CancelJobRequest, DeleteJobRequest, ExecutionStatus } from "@coxswain/protocol";
import { RefusedError } from "../src/errors.ts";
import { MemoryCluster } from "./memory-cluster.ts";
import { alice, bob, otherNode, rejection, root, submit } from "./requests.ts";

async function withJob(): Promise<MemoryCluster> {
  const cluster = new MemoryCluster();
  await cluster.service(1).submitJob(alice, submit({ command: "sleep 60", jobId: "a" }));
  return cluster;
}

const cancel = (parts: object = {}) => CancelJobRequest.fromPartial({ jobId: "a", ...parts });
const remove = (parts: object = {}) => DeleteJobRequest.fromPartial({ jobId: "a", ...parts });

describe("a cancel", () => {
  test("asks a running attempt to stop, and says so", async () => {
    const cluster = await withJob();
    expect(await cluster.service(2).cancelJob(alice, cancel({ reason: "enough" }))).toEqual({
      success: true,
      message: "The running attempt is being stopped.",
      status: ExecutionStatus.RUNNING,
    });
    expect(cluster.store.jobs.get("a")?.cancelReason).toBe("enough");
  });

  test("sent again with the same request id is the same cancel; with another it comes too late", async () => {
    const cluster = await withJob();
    const first = await cluster.service(1).cancelJob(alice, cancel({ requestId: "r" }));
    expect(await cluster.service(2).cancelJob(alice, cancel({ requestId: "r" }))).toEqual(first);
    expect(await rejection(cluster.service(1).cancelJob(alice, cancel({ requestId: "s" })))).toMatchObject({
      code: "JOB_ALREADY_FINISHED",
      category: "conflict",
    });
  });

  test("whose answer is lost is not refused for having succeeded", async () => {
    const cluster = await withJob();
    const request = cancel();
    cluster.nextProposals.push(() => {
      // Applied, and then the leader is gone.
      cluster.store.apply({
        ...cluster.store.commands[0]!,
        requestId: "alice/made-1",
        body: { $case: "cancelJob", value: { jobId: "a", reason: "", owner: "alice" } },
      });
      return Promise.reject(
        new RefusedError({ code: "PROPOSAL_OUTCOME_UNKNOWN", category: "unknown-outcome", message: "lost" }),
      );
    });
    const answer = cluster.service(2).cancelJob(alice, request);
    await cluster.clock.advance(100);
    expect(await answer).toMatchObject({ success: true });
  });

  test("by anybody else is denied and tells nothing; by an admin it is done", async () => {
    const cluster = await withJob();
    const error = await rejection(cluster.service(2).cancelJob(bob, cancel()));
    expect(error).toMatchObject({ code: "JOB_PERMISSION_DENIED", category: "denied" });
    expect(JSON.stringify(error) + String(error.message)).not.toMatch(/alice|sleep/);
    expect(await rejection(cluster.service(1).cancelJob(otherNode, cancel()))).toMatchObject({
      category: "denied",
    });
    expect(await cluster.service(3).cancelJob(root, cancel())).toMatchObject({ success: true });
  });

  test("of no job at all: not found, and believed only after a confirmed read", async () => {
    const cluster = await withJob();
    expect(await rejection(cluster.service(1).cancelJob(alice, cancel({ jobId: "b" })))).toMatchObject({
      code: "JOB_NOT_FOUND",
      category: "not-found",
    });
    expect(cluster.reads).toBe(1);
  });
});

describe("a delete", () => {
  test("removes the job, and sent again it is still done", async () => {
    const cluster = await withJob();
    expect(await cluster.service(2).deleteJob(alice, remove({ requestId: "r" }))).toEqual({});
    expect(cluster.store.jobs.size).toBe(0);
    expect(await cluster.service(3).deleteJob(alice, remove({ requestId: "r" }))).toEqual({});
    expect(await rejection(cluster.service(3).deleteJob(alice, remove({ requestId: "s" })))).toMatchObject({
      code: "JOB_NOT_FOUND",
    });
  });

  test("of a foreign job is denied", async () => {
    const cluster = await withJob();
    expect(await rejection(cluster.service(1).deleteJob(bob, remove()))).toMatchObject({
      category: "denied",
    });
    expect(cluster.store.jobs.size).toBe(1);
  });

  test("with the request id of another client's delete is another delete", async () => {
    const cluster = await withJob();
    await cluster.service(1).deleteJob(alice, remove({ requestId: "r" }));
    await cluster.service(1).submitJob(alice, submit({ command: "true", jobId: "b" }));
    expect(
      await rejection(cluster.service(1).deleteJob(bob, remove({ jobId: "b", requestId: "r" }))),
    ).toMatchObject({ category: "denied" });
    expect(await rejection(cluster.service(1).deleteJob(bob, remove({ requestId: "r" })))).toMatchObject({
      code: "JOB_NOT_FOUND",
    });
  });
});
