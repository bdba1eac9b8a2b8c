import { beforeEach, describe, expect, test } from "@jest/globals";
import { ExecutionStatus, InvalidPageTokenError, InvalidQueryError, type JobFilter } from "../src/index.ts";
import { assign, cancel, NONE, on, register, shell, submit } from "./support/bodies.ts";
import { Harness } from "./support/harness.ts";

let harness: Harness;
beforeEach(async () => {
  harness = await Harness.open();
  await harness.apply(register(1, { capacity: 100 }));
  for (let i = 0; i < 12; i++) {
    harness.timeMs += 1_000;
    const owner = i % 3 === 0 ? "bob" : "ada";
    const task = i % 4 === 0 ? NONE : shell(i % 2 === 0 ? "Make Backup" : "echo hello");
    await harness.apply(submit({ jobId: `j${i}`, owner, task }));
  }
});

async function ids(filter: Partial<JobFilter>): Promise<string[]> {
  return (await harness.store.listJobs({ pageSize: 100, ...filter })).jobs.map(({ id }) => id);
}

describe("listJobs", () => {
  test("shows the newest first, of all owners and states", async () => {
    expect(await ids({})).toEqual(Array.from({ length: 12 }, (_, i) => `j${11 - i}`));
  });

  test("shows the newest execution of each job", async () => {
    const page = await harness.store.listJobs({ pageSize: 2 });
    expect(page.latestExecutions.map((execution) => execution?.jobId)).toEqual(["j11", "j10"]);
  });

  test("filters by owner and by status", async () => {
    expect(await ids({ owner: "bob" })).toEqual(["j9", "j6", "j3", "j0"]);
    expect(await ids({ status: ExecutionStatus.COMPLETED })).toEqual(["j8", "j4", "j0"]);
    expect(await ids({ owner: "bob", status: ExecutionStatus.PENDING })).toEqual(["j9", "j6", "j3"]);
    expect(await ids({ owner: "nobody" })).toEqual([]);
  });

  test("an owner that is the beginning of another sees only its own", async () => {
    await harness.apply(submit({ jobId: "x", owner: "ad" }));
    expect(await ids({ owner: "ad" })).toEqual(["x"]);
  });

  test("filters by time of creation: at or after, and before", async () => {
    expect(await ids({ createdAfterMs: 1_000_000 + 11_000 })).toEqual(["j11", "j10"]);
    expect(await ids({ createdBeforeMs: 1_000_000 + 3_000 })).toEqual(["j1", "j0"]);
  });

  test("filters by a part of the command, in any case", async () => {
    expect(await ids({ command: "BACKUP" })).toEqual(["j10", "j6", "j2"]);
  });

  test("filters by the node of the newest attempt", async () => {
    const { latestExecutions } = await harness.store.listJobs({ pageSize: 1 });
    await harness.apply(assign(latestExecutions[0]?.id ?? "", 1, on(1)));
    expect(await ids({ nodeId: 1 })).toEqual(["j11"]);
    expect(await ids({ nodeId: 2 })).toEqual([]);
  });

  test("pages join to the whole, whatever the filter", async () => {
    for (const filter of [{}, { owner: "ada" }, { command: "echo" }, { status: ExecutionStatus.PENDING }]) {
      const found: string[] = [];
      let pageToken = "";
      do {
        const page = await harness.store.listJobs({ ...filter, pageSize: 2, pageToken });
        found.push(...page.jobs.map(({ id }) => id));
        pageToken = page.nextPageToken;
        expect([page.totalCount, page.totalIsExact]).toEqual([(await ids(filter)).length, true]);
      } while (pageToken !== "");
      expect(found).toEqual(await ids(filter));
    }
  });

  test("a page that holds exactly the rest is the last", async () => {
    expect((await harness.store.listJobs({ pageSize: 12 })).nextPageToken).toBe("");
  });

  test("jobs created after the first page do not show up on later ones", async () => {
    const first = await harness.store.listJobs({ pageSize: 10 });
    await harness.apply(submit({ jobId: "new" }));
    const second = await harness.store.listJobs({ pageSize: 10, pageToken: first.nextPageToken });
    expect(second.jobs.map(({ id }) => id)).toEqual(["j1", "j0"]);
  });

  test("the number of an owner's jobs by status is exact and needs no counting", async () => {
    await harness.apply(cancel("j11"));
    expect(harness.store.jobCounts("ada")).toMatchObject({ pending: 5, completed: 2, cancelled: 1 });
    const page = await harness.store.listJobs({ pageSize: 1, owner: "ada", status: ExecutionStatus.PENDING });
    expect(page.totalCount).toBe(5);
  });

  test.each(["x", "1zz", "1".repeat(60)])("a token that is none is refused: %s", async (pageToken) => {
    await expect(harness.store.listJobs({ pageSize: 2, pageToken })).rejects.toThrow(InvalidPageTokenError);
  });

  test("a token of another listing is refused", async () => {
    const { nextPageToken: pageToken } = await harness.store.listJobs({ pageSize: 2 });
    await expect(harness.store.listJobs({ pageSize: 2, pageToken, owner: "ada" })).rejects.toThrow(
      InvalidPageTokenError,
    );
  });

  test.each([0, 1_001, 1.5])("a page of %d jobs is refused", async (pageSize) => {
    await expect(harness.store.listJobs({ pageSize })).rejects.toThrow(InvalidQueryError);
  });
});
