import { describe, expect, test } from "@jest/globals";
import type { SubmitOutcome } from "@coxswain/client";
import { type Misbehaviour, typed } from "./fake-cluster.ts";
import { fixture } from "./fixture.ts";

const specs = (count: number): { command: string }[] =>
  Array.from({ length: count }, (_none, index) => ({ command: `echo ${String(index)}` }));
const succeeded = (outcomes: readonly SubmitOutcome[]): number => outcomes.filter(({ ok }) => ok).length;
const times = (count: number, misbehaviour: Misbehaviour): Misbehaviour[] =>
  Array.from({ length: count }, () => misbehaviour);

describe("a submit", () => {
  test("makes a UUIDv7 for the job and returns it", async () => {
    const { cluster, server, client } = fixture();
    const submitted = await client([await server()]).submit({ command: "echo hello" });
    expect(submitted).toEqual({
      jobId: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      createdAtMs: 1_000,
      existed: false,
    });
    expect(cluster.jobs.get(submitted.jobId)).toMatchObject({ command: "echo hello" });
  });

  test("keeps an id it is given, and says when the job was there before", async () => {
    const { server, client } = fixture();
    const one = client([await server()]);
    expect(await one.submit({ id: "mine", command: "a" })).toMatchObject({ jobId: "mine", existed: false });
    expect(await one.submit({ id: "mine", command: "a" })).toMatchObject({ jobId: "mine", existed: true });
  });

  test("carries task, schedule and policy", async () => {
    const { cluster, server, client } = fixture();
    await client([await server()]).submit({
      id: "w",
      task: { kind: "webhook", url: "http://h/", payload: "{}", headers: { a: "b" } },
      schedule: { kind: "cron", expression: "@daily", timeZone: "Europe/Berlin", firstMs: 5 },
      policy: { maxAttempts: 2, onNodeLoss: "fail" },
    });
    expect(cluster.jobs.get("w")).toMatchObject({
      task: { kind: { $case: "webhook", value: { url: "http://h/", headers: { a: "b" } } } },
      schedule: {
        kind: {
          $case: "cron",
          value: { expression: "@daily", timeZone: "Europe/Berlin", firstMs: 5, lastMs: 0 },
        },
      },
      policy: { maxAttempts: 2, onNodeLoss: 2, timeoutMs: 0 },
    });
  });

  test("carries the limits of a task, and leaves unset what it does not name", async () => {
    const { cluster, server, client } = fixture();
    const limits = { memoryBytes: 2 ** 40, swapBytes: 0, cpus: 0.2 };
    await client([await server()]).submit({ id: "l", task: { kind: "docker", shell: "true", limits } });
    const { kind } = cluster.jobs.get("l")?.task ?? {};
    expect(kind).toMatchObject({ value: { limits } });
    expect(kind).toMatchObject({ value: { limits: { pids: undefined, tmpfsBytes: undefined } } });
  });

  test.each([{ memoryBytes: 1.5 }, { pids: -1 }, { cpus: Number.NaN }, { openFiles: Infinity }])(
    "case 18: with limits that no wire can carry is refused before it is sent: %j",
    async (limits) => {
      const { cluster, server, client } = fixture();
      const refused = client([await server()]).submit({ task: { kind: "process", shell: "true", limits } });
      await expect(refused).rejects.toMatchObject({
        code: "INVALID_REQUEST",
        category: "invalid",
        message: expect.stringContaining(`limits.${String(Object.keys(limits)[0])} must be`),
      });
      expect(cluster.received).toEqual([]);
    },
  );

  test("that is refused fails with the server's code, and its neighbours do not", async () => {
    const { server, client } = fixture();
    const outcomes = await client([await server()]).submitMany([
      { command: "a" },
      { command: "bad" },
      { command: "b" },
    ]);
    expect(outcomes).toMatchObject([
      { ok: true },
      { ok: false, error: { code: "EMPTY_COMMAND", category: "invalid" } },
      { ok: true },
    ]);
  });

  test("larger than any server takes is refused before it is sent", async () => {
    const { cluster, server, client } = fixture();
    await expect(client([await server()]).submit({ command: "x".repeat(4_000_000) })).rejects.toMatchObject({
      code: "REQUEST_TOO_LARGE",
      category: "invalid",
    });
    expect(cluster.received).toEqual([]);
  });

  test("beyond the limit under way is refused", async () => {
    const { server, client } = fixture();
    const outcomes = await client([await server()], { maxPendingSubmits: 10 }).submitMany(specs(12));
    expect(outcomes.slice(10)).toMatchObject([
      { ok: false, error: { code: "TOO_MANY_SUBMITS", category: "exhausted" } },
      { ok: false },
    ]);
    expect(succeeded(outcomes)).toBe(10);
  });
});

describe("many submits", () => {
  test("share messages of at most 256 jobs over one stream", async () => {
    const { cluster, server, client } = fixture();
    const one = await server();
    expect(succeeded(await client([one]).submitMany(specs(2_000)))).toBe(2_000);
    expect(cluster.jobs.size).toBe(2_000);
    expect(Math.max(...one.batches)).toBe(256);
    expect(one.batches.length).toBeLessThan(20);
    expect(one.openStreams).toBe(1);
  });

  test("of large jobs share smaller messages", async () => {
    const { server, client } = fixture();
    const one = await server();
    const large = specs(8).map(({ command }) => ({ command: command.padEnd(400_000, "x") }));
    expect(succeeded(await client([one]).submitMany(large))).toBe(8);
    expect(Math.max(...one.batches)).toBe(2);
  });
});

test("a submit that may have been done has not failed because a later try was turned away for the load", async () => {
  const { server, client } = fixture();
  const one = await server();
  const busy = { code: "TOO_MANY_PROPOSALS", category: "exhausted", message: "busy" };
  one.misbehaviours.push(
    {
      when: "before",
      what: { error: { code: "OUTCOME_UNKNOWN", category: "unknown-outcome", message: "?" } },
    },
    { when: "before", what: { error: busy } },
  );
  const submitted = client([one]).submit({ command: "a" });
  await expect(submitted).rejects.toMatchObject({ code: "OUTCOME_UNKNOWN", category: "unknown-outcome" });
});

describe("when a server dies in mid-stream", () => {
  test.each(["before", "after"] as const)(
    "%s it took the jobs, they go to another one with the same ids, and each exists once",
    async (when) => {
      const { cluster, server, client } = fixture();
      const [first, second] = [await server(), await server()];
      first.misbehaviours.push({ when, what: "die" });
      const outcomes = await client([first, second]).submitMany(specs(600));
      expect(succeeded(outcomes)).toBe(600);
      expect(cluster.jobs.size).toBe(600);
      expect(new Set(cluster.received).size).toBe(600);
      const existed = outcomes.filter((outcome) => outcome.ok && outcome.job.existed).length;
      expect(existed > 0).toBe(when === "after");
    },
  );

  test("and no other lives, the outcome of what was sent is unknown", async () => {
    const { server, client } = fixture();
    const only = await server();
    only.misbehaviours.push({ when: "after", what: "die" });
    await expect(client([only], { timeoutMs: 300 }).submit({ command: "a" })).rejects.toMatchObject({
      category: "unknown-outcome",
      message: expect.stringContaining("same id"),
    });
  });

  test("later ones are not asked again first", async () => {
    const { server, client } = fixture();
    const [first, second] = [await server(), await server()];
    const one = client([first, second]);
    await one.submit({ command: "a" });
    first.die();
    await one.submit({ command: "b" });
    await one.submit({ command: "c" });
    expect(second.batches).toEqual([1, 1]);
  });
});

describe("a submit is repeated with its id", () => {
  test.each([
    { code: "NO_LEADER", category: "unavailable", message: "" },
    { code: "PROPOSAL_OUTCOME_UNKNOWN", category: "unknown-outcome", message: "" },
  ])("after $category", async (error) => {
    const { cluster, server, client } = fixture();
    const one = await server();
    one.misbehaviours.push(...times(3, { when: "before", what: { error } }));
    const { jobId } = await client([one]).submit({ command: "a" });
    expect(cluster.received).toEqual([jobId, jobId, jobId, jobId]);
  });

  test("after silence, elsewhere", async () => {
    const { cluster, server, client } = fixture();
    const [mute, second] = [await server(), await server()];
    mute.misbehaviours.push({ when: "after", what: "silence" });
    const submitted = await client([mute, second], { attemptTimeoutMs: 100 }).submit({ command: "a" });
    expect(submitted.existed).toBe(true);
    expect(cluster.received).toEqual([submitted.jobId, submitted.jobId]);
  });

  test("not after a refusal of the whole stream that no repeat cures", async () => {
    const { server, client } = fixture();
    const one = await server();
    one.misbehaviours.push({ when: "before", what: { throws: typed("PERMISSION_DENIED", "denied") } });
    await expect(client([one]).submit({ command: "a" })).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      category: "denied",
    });
    expect(one.batches).toEqual([1]);
  });

  test("until its time is up; never having been taken is then unavailable", async () => {
    const { server, client } = fixture();
    const one = await server();
    one.misbehaviours.push(
      ...times(1_000, {
        when: "before",
        what: { error: { code: "NO_LEADER", category: "unavailable", message: "No leader." } },
      }),
    );
    // Long waits between tries, so that the time runs out in one of them and not while an answer is on its way.
    const patient = client([one], { timeoutMs: 1_000, backoff: { initialMs: 400, maxMs: 5_000 } });
    await expect(patient.submit({ command: "a" })).rejects.toMatchObject({
      code: "NO_LEADER",
      category: "unavailable",
    });
  });
});

test("where streams do not get through, submits go as single calls", async () => {
  const { server, client } = fixture();
  const one = await server(undefined, ["submitJobs"]);
  const outcomes = await client([one]).submitMany(specs(20));
  expect(succeeded(outcomes)).toBe(20);
  expect(one.unarySubmits).toBe(20);
});

test("nobody at home is unavailable, and says what to check", async () => {
  const { client } = fixture();
  await expect(client(["127.0.0.1:1"], { timeoutMs: 300 }).submit({ command: "a" })).rejects.toMatchObject({
    category: "unavailable",
  });
});

describe("close", () => {
  test("fails what was not sent as closed, and what was as unknown", async () => {
    const { server, client } = fixture();
    const mute = await server();
    mute.misbehaviours.push({ when: "before", what: "silence" });
    const one = client([mute]);
    const sent = one.submit({ command: "a" });
    while (mute.batches.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const unsent = one.submit({ command: "b" });
    const outcomes = Promise.allSettled([sent, unsent, one.status("x")]);
    one.close();
    expect(await outcomes).toMatchObject([
      { reason: { code: "CLIENT_CLOSED", category: "unknown-outcome" } },
      { reason: { code: "CLIENT_CLOSED", category: "unavailable" } },
      { reason: { code: "CLIENT_CLOSED" } },
    ]);
    await expect(one.submit({ command: "c" })).rejects.toMatchObject({ code: "CLIENT_CLOSED" });
    await expect(one.status("x")).rejects.toMatchObject({ code: "CLIENT_CLOSED" });
    one.close();
  });
});
