import { describe, expect, test } from "@jest/globals";
import { ExecutionStatus, ListExecutionsRequest, ListJobsRequest } from "@coxswain/protocol";
import { MemoryCluster } from "./memory-cluster.ts";
import { alice, bob, otherNode, rejection, root, submit } from "./requests.ts";

async function withJobs(count: number, options = {}): Promise<MemoryCluster> {
  const cluster = new MemoryCluster(options);
  for (let i = 0; i < count; i++) {
    await cluster
      .service(1)
      .submitJob(i % 2 === 0 ? alice : bob, submit({ command: `echo ${String(i)}`, jobId: `j${String(i)}` }));
  }
  return cluster;
}

const list = (parts: object = {}) => ListJobsRequest.fromPartial(parts);
const idsOf = ({ jobs }: { jobs: { jobId: string }[] }): string[] => jobs.map(({ jobId }) => jobId);

describe("a list of jobs", () => {
  test("shows a client its own and no others, whatever it asks for", async () => {
    const cluster = await withJobs(4);
    expect(idsOf(await cluster.service(2).listJobs(alice, list()))).toEqual(["j2", "j0"]);
    const page = await cluster.service(2).listJobs(alice, list({ ownerFilter: "bob" }));
    expect(idsOf(page)).toEqual(["j2", "j0"]);
    expect(page.totalCount).toBe(2);
    expect(
      idsOf(await cluster.service(2).listJobs(alice, list({ ownerFilter: "bob", stale: true }))),
    ).toEqual(["j2", "j0"]);
  });

  test("shows an admin all, or those of one owner, and a node none", async () => {
    const cluster = await withJobs(4);
    expect(idsOf(await cluster.service(1).listJobs(root, list()))).toEqual(["j3", "j2", "j1", "j0"]);
    expect(idsOf(await cluster.service(1).listJobs(root, list({ ownerFilter: "bob" })))).toEqual([
      "j3",
      "j1",
    ]);
    expect(await rejection(cluster.service(1).listJobs(otherNode, list()))).toMatchObject({
      category: "denied",
    });
  });

  test("comes by the page: 100 unless told, 1000 at most", async () => {
    const cluster = await withJobs(205);
    const first = await cluster.service(1).listJobs(root, list());
    expect(first.jobs).toHaveLength(100);
    const second = await cluster
      .service(3)
      .listJobs(root, list({ pageToken: first.nextPageToken, pageSize: 200 }));
    expect(second.jobs).toHaveLength(105);
    expect(second.nextPageToken).toBe("");
    expect(await rejection(cluster.service(1).listJobs(root, list({ pageSize: 1_001 })))).toMatchObject({
      code: "INVALID_REQUEST",
    });
  });

  test("says in a line what a job runs and when", async () => {
    const cluster = new MemoryCluster();
    const cases: [object, string, string][] = [
      [{ command: "echo hello" }, "echo hello", "now"],
      [{ command: "echo hello", image: "alpine" }, "alpine echo hello", "now"],
      [{ task: { kind: { $case: "process", value: { argv: ["echo", "it's"] } } } }, "echo it's", "now"],
      [{ task: { kind: { $case: "webhook", value: { url: "https://x.test/" } } } }, "https://x.test/", "now"],
      [
        { command: "x", schedule: { kind: { $case: "cron", value: { expression: "@daily" } } } },
        "x",
        "cron @daily UTC",
      ],
      [
        {
          command: "x",
          schedule: { kind: { $case: "at", value: { atMs: Date.parse("2026-01-01T00:00:05Z") } } },
        },
        "x",
        "at 2026-01-01T00:00:05.000Z",
      ],
      [{ command: "🚣".repeat(2_000) }, `${"🚣".repeat(127)}…`, "now"],
    ];
    for (const [parts] of cases) await cluster.service(1).submitJob(alice, submit(parts));
    const { jobs } = await cluster.service(1).listJobs(alice, list());
    expect(jobs.reverse().map(({ command, schedule }) => [command, schedule])).toEqual(
      cases.map(([, command, schedule]) => [command, schedule]),
    );
  });
});

describe("a stream of jobs", () => {
  test("gives every matching job, a page at a time", async () => {
    const cluster = await withJobs(10, { settings: { streamPageSize: 2 } });
    const seen: string[] = [];
    for await (const { jobId } of cluster
      .service(2)
      .streamJobs(alice, { statusFilter: ExecutionStatus.RUNNING }))
      seen.push(jobId);
    expect(seen).toEqual(["j8", "j6", "j4", "j2", "j0"]);
    expect(cluster.reads).toBe(3);
  });

  test("that is left early reads no further", async () => {
    const cluster = await withJobs(10, { settings: { streamPageSize: 2 } });
    for await (const { jobId } of cluster.service(1).streamJobs(root, { statusFilter: 0 }))
      if (jobId === "j9") break;
    expect(cluster.reads).toBe(1);
  });

  test("is refused like a list", async () => {
    const stream = (await withJobs(0)).service(1).streamJobs(otherNode, { statusFilter: 0 });
    expect(await rejection(stream.next())).toMatchObject({ category: "denied" });
  });
});

describe("a list of executions", () => {
  const page = (parts: object = {}) => ListExecutionsRequest.fromPartial({ jobId: "j0", ...parts });

  async function withHistory(options = {}): Promise<MemoryCluster> {
    const cluster = await withJobs(1, options);
    const job = cluster.store.jobs.get("j0")!;
    for (let number = 2; number <= 130; number++)
      cluster.store.addExecution(job, number, ExecutionStatus.COMPLETED, 1, new Uint8Array(1_000));
    return cluster;
  }

  test("comes newest first, by the page, without a gap", async () => {
    const cluster = await withHistory();
    const first = await cluster.service(2).listExecutions(alice, page());
    expect(first.executions.map(({ number }) => number)).toEqual(
      Array.from({ length: 100 }, (_, i) => 130 - i),
    );
    const rest = await cluster.service(1).listExecutions(alice, page({ pageToken: first.nextPageToken }));
    expect(rest.executions.map(({ number }) => number)).toEqual(Array.from({ length: 30 }, (_, i) => 30 - i));
    expect(rest.nextPageToken).toBe("");
  });

  test("ends a page early rather than send more than a message holds, and still gets through", async () => {
    const cluster = await withHistory({ settings: { maxPageBytes: 3_500 } });
    const seen: number[] = [];
    let pageToken = "";
    do {
      const got = await cluster.service(1).listExecutions(alice, page({ pageToken }));
      expect(got.executions.length).toBeGreaterThan(0);
      seen.push(...got.executions.map(({ number }) => number));
      pageToken = got.nextPageToken;
    } while (pageToken !== "");
    expect(seen).toEqual(Array.from({ length: 130 }, (_, i) => 130 - i));
  });

  test("belongs to the job's owner", async () => {
    const cluster = await withHistory();
    expect(await rejection(cluster.service(2).listExecutions(bob, page()))).toMatchObject({
      code: "JOB_PERMISSION_DENIED",
    });
    expect(await rejection(cluster.service(2).listExecutions(bob, page({ jobId: "none" })))).toMatchObject({
      code: "JOB_NOT_FOUND",
    });
    expect(await rejection(cluster.service(2).listExecutions(alice, page({ pageToken: "x" })))).toMatchObject(
      { code: "INVALID_REQUEST" },
    );
  });
});
