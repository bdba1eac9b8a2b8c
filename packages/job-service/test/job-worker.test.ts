import { describe, expect, test } from "@jest/globals";
import { ExecutionStatus, JobRequest, NodeLossPolicy } from "@coxswain/protocol";
import type { CancelJob, Policy } from "@coxswain/protocol";
import { MemoryCluster } from "./memory-cluster.ts";
import { alice, bob, otherNode, rejection, root } from "./requests.ts";

const request = (fields: Partial<JobRequest>): JobRequest => JobRequest.fromPartial(fields);

async function started(): Promise<MemoryCluster> {
  const cluster = new MemoryCluster();
  await cluster.service(2).start(alice, request({ id: "a", command: "make" }));
  return cluster;
}

const cancels = ({ store }: MemoryCluster): (CancelJob | undefined)[] =>
  store.commands.flatMap(({ body }) => (body?.$case === "cancelJob" ? [body.value] : []));

describe("start", () => {
  test("stores an ordinary job that runs now and at most once, owned by who the certificate says", async () => {
    const cluster = new MemoryCluster();
    const asked = request({ command: "ls -la", env: { A: "1" }, workingDirectory: "/tmp", timeoutMs: 9_000 });
    const { id, status } = await cluster.service(3).start(alice, asked);
    expect([id, status]).toEqual(["made-1", ExecutionStatus.RUNNING]);
    const job = cluster.store.jobs.get(id);
    expect(job).toMatchObject({
      owner: "alice",
      schedule: { kind: { $case: "now" } },
      task: {
        kind: {
          $case: "process",
          value: { shell: "ls -la", argv: [], env: { A: "1" }, workingDirectory: "/tmp" },
        },
      },
    });
    const policy: Partial<Policy> = { maxAttempts: 1, onNodeLoss: NodeLossPolicy.FAIL, timeoutMs: 9_000 };
    expect(job?.policy).toMatchObject(policy);
  });

  test("runs in a container where an image is named or docker is, else as a process", async () => {
    const cluster = new MemoryCluster();
    const kindOf = async (fields: Partial<JobRequest>): Promise<unknown> => {
      const { id } = await cluster.service(1).start(alice, request(fields));
      const kind = cluster.store.jobs.get(id)?.task?.kind;
      return [kind?.$case, kind?.$case === "docker" ? kind.value.image : undefined];
    };
    expect(await kindOf({ argv: ["ls", "$(x)"] })).toEqual(["process", undefined]);
    expect(await kindOf({ command: "ls", executor: "process" })).toEqual(["process", undefined]);
    expect(await kindOf({ command: "ls", image: "busybox" })).toEqual(["docker", "busybox"]);
    expect(await kindOf({ command: "ls", executor: "docker" })).toEqual(["docker", "alpine:latest"]);
  });

  test("with one id and content starts once; with other content, or of another's id, it is refused", async () => {
    const cluster = await started();
    expect(await cluster.service(1).start(alice, request({ id: "a", command: "make" }))).toMatchObject({
      id: "a",
    });
    expect(cluster.store.executions.size).toBe(1);
    for (const [caller, command] of [
      [alice, "rm"],
      [bob, "make"],
    ] as const)
      expect(await rejection(cluster.service(1).start(caller, request({ id: "a", command })))).toMatchObject({
        code: "JOB_CONFLICT",
      });
  });

  test.each<[string, Partial<JobRequest>, string]>([
    ["no command", {}, "command"],
    ["a command and words", { command: "ls", argv: ["ls"] }, "command"],
    ["another executor", { command: "ls", executor: "webhook" }, "executor"],
    ["an image for a process", { command: "ls", executor: "process", image: "busybox" }, "image"],
    ["an id that is a path", { command: "ls", id: "../x" }, "id"],
    ["NUL in a word", { argv: ["ls", "a\0b"] }, "argv.1"],
    ["a relative directory", { command: "ls", workingDirectory: "tmp" }, "workingDirectory"],
    ["a negative timeout", { command: "ls", timeoutMs: -1 }, "timeoutMs"],
  ])("%s is refused by the name of the field", async (_what, fields, field) => {
    const error = await rejection(new MemoryCluster().service(1).start(alice, request(fields)));
    expect(error).toMatchObject({ code: "INVALID_REQUEST", category: "invalid" });
    expect(error.fields?.[0]?.field).toBe(field);
  });
});

describe("stop", () => {
  test("ends at once unless a grace is given, which goes into the command", async () => {
    const cluster = await started();
    expect(await cluster.service(3).stop(alice, request({ id: "a" }))).toEqual({
      id: "a",
      status: ExecutionStatus.RUNNING,
    });
    expect(cancels(cluster)).toMatchObject([{ jobId: "a", graceMs: 0, owner: "alice" }]);
    const other = await started();
    await other.service(1).stop(alice, request({ id: "a", graceMs: 5_000 }));
    expect(cancels(other)).toMatchObject([{ graceMs: 5_000 }]);
  });

  test("case 20: of what has ended it says how it ended, as often as it is asked", async () => {
    const cluster = await started();
    cluster.store.finish("a", "", 2);
    for (const nodeId of [1, 2, 3])
      expect(await cluster.service(nodeId).stop(alice, request({ id: "a" }))).toEqual({
        id: "a",
        status: ExecutionStatus.FAILED,
      });
  });

  test("a grace beyond an hour, or below nothing, is refused, also in a cancel; without one the node decides", async () => {
    const cluster = await started();
    for (const graceMs of [-1, 3_600_001, Number.NaN]) {
      expect(await rejection(cluster.service(1).stop(alice, request({ id: "a", graceMs })))).toMatchObject({
        fields: [{ field: "graceMs" }],
      });
      const cancel = cluster.service(1).cancelJob(alice, { jobId: "a", reason: "", requestId: "", graceMs });
      expect(await rejection(cancel)).toMatchObject({ fields: [{ field: "graceMs" }] });
    }
    await cluster.service(1).cancelJob(alice, { jobId: "a", reason: "", requestId: "" });
    expect(cancels(cluster).map((cancel) => cancel?.graceMs)).toEqual([undefined]);
  });
});

describe("status", () => {
  test("has the live output while it runs, and the exit once it is over", async () => {
    const cluster = await started();
    cluster.outputs.set("1/a.1.1/1", "half way");
    const running = await cluster.service(3).status(alice, request({ id: "a" }));
    expect(running).toMatchObject({ id: "a", status: ExecutionStatus.RUNNING, nodeId: 1 });
    expect(Buffer.from(running.output).toString()).toBe("half way");
    expect(running.exit).toBeUndefined();
    cluster.store.finish("a", "no rule", 2);
    const over = await cluster.service(3).status(alice, request({ id: "a" }));
    expect(Buffer.from(over.output).toString()).toBe("no rule");
    expect(over.exit).toMatchObject({
      status: ExecutionStatus.FAILED,
      exitCode: 2,
      errorType: "EXIT_CODE",
      outputBytes: 7,
      endedAtMs: 99,
      nodeId: 1,
    });
  });
});

test("case 4: bob is denied status and stop of alice's job through any node and told nothing; a node's certificate starts nothing", async () => {
  const cluster = await started();
  for (const nodeId of [1, 2, 3])
    for (const call of ["stop", "status"] as const) {
      const error = await rejection(
        cluster.service(nodeId)[call](bob, request({ id: "a", env: { owner: "alice" } })),
      );
      expect(error).toMatchObject({ code: "JOB_PERMISSION_DENIED", category: "denied" });
      expect(String(error.message)).not.toMatch(/alice|make/);
    }
  expect(await cluster.service(2).status(root, request({ id: "a" }))).toMatchObject({ id: "a" });
  for (const call of ["start", "stop", "status"] as const)
    expect(await rejection(cluster.service(1)[call](otherNode, request({ id: "a" })))).toMatchObject({
      code: "CALL_NOT_ALLOWED",
    });
  for (const call of ["stop", "status"] as const)
    expect(await rejection(cluster.service(1)[call](bob, request({ id: "none" })))).toMatchObject({
      code: "JOB_NOT_FOUND",
    });
});
