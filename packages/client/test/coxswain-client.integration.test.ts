import { describe, expect, test } from "@jest/globals";
import { ExecutionStatus, JobState } from "@coxswain/protocol";
import { createCa, issueCertificate } from "@coxswain/pki";
import { serverCredentials, tlsFromPem } from "@coxswain/rpc";
import { CoxswainClient } from "@coxswain/client";
import { typed } from "./fake-cluster.ts";
import { fixture } from "./fixture.ts";

const unavailable = { throws: typed("NO_LEADER", "unavailable", "No leader.") };
const unknown = { throws: typed("PROPOSAL_OUTCOME_UNKNOWN", "unknown-outcome", "Not committed in time.") };

describe("a call", () => {
  test("gives a job's status with words for numbers and undefined for nothing", async () => {
    const { cluster, server, client } = fixture();
    const one = client([await server()]);
    await one.submit({ id: "j", command: "echo hello" });
    cluster.statuses.set("j", {
      status: ExecutionStatus.COMPLETED,
      state: JobState.FINISHED,
      exitCode: 0,
      executedBy: 2,
      output: Buffer.from("hello\n"),
    });
    const job = await one.status("j");
    expect(job).toMatchObject({
      status: "COMPLETED",
      state: "FINISHED",
      exitCode: 0,
      executedBy: 2,
      assignedWorker: undefined,
      completedAtMs: undefined,
    });
    expect(Buffer.from(job.output).toString()).toBe("hello\n");
  });

  test("fails at once with the server's code when no repeat can help", async () => {
    const { server, client } = fixture();
    const one = await server();
    await expect(client([one]).status("nothing")).rejects.toMatchObject({
      name: "CoxswainClientError",
      code: "JOB_NOT_FOUND",
      category: "not-found",
      message: "No such job.",
    });
    expect(one.calls).toBe(1);
  });

  test("is repeated at another server when one has no leader or is gone", async () => {
    const { server, client } = fixture();
    const [first, second] = [await server(), await server()];
    first.misbehaviours.push({ when: "before", what: unavailable });
    const one = client([first, second]);
    expect(await one.clusterStatus()).toMatchObject({ leaderId: 1 });
    expect([first.calls, second.calls]).toEqual([1, 1]);
    second.die();
    expect(await one.clusterStatus()).toMatchObject({ leaderId: 1 });
  });

  test("that may have been done is repeated with the same request id", async () => {
    const { cluster, server, client } = fixture();
    const one = await server();
    one.misbehaviours.push({ when: "after", what: unknown }, { when: "after", what: unknown });
    expect(await client([one]).cancel("j", { reason: "no need" })).toMatchObject({ status: "CANCELLED" });
    const ids = cluster.cancelled.map(({ requestId }) => requestId);
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(1);
    expect(ids[0]).not.toBe("");
  });

  test("that a repeat would do twice is not repeated", async () => {
    const { cluster, server, client } = fixture();
    const one = await server();
    one.misbehaviours.push({ when: "after", what: unknown });
    await expect(client([one]).transferLeadership()).rejects.toMatchObject({ category: "unknown-outcome" });
    expect(cluster.transfers).toHaveLength(1);
    one.misbehaviours.push({ when: "after", what: unknown });
    expect(await client([one]).transferLeadership({ to: 3 })).toMatchObject({ newLeaderId: 3 });
  });

  test("gives up in time and tells how often it tried", async () => {
    const { client } = fixture();
    await expect(client(["127.0.0.1:1"], { timeoutMs: 200 }).status("j")).rejects.toMatchObject({
      code: "UNREACHABLE",
      category: "unavailable",
      message: expect.stringMatching(/gave up after \d+ attempts/),
    });
  });
});

describe("the leader", () => {
  test("is asked once a server tells where it is, if it is one of the servers given", async () => {
    const { cluster, server, client } = fixture();
    const [follower, leader] = [await server(), await server()];
    const one = client([follower, leader]);
    cluster.leader = leader.address;
    await one.clusterStatus();
    await one.clusterStatus();
    await one.submit({ command: "a" });
    expect(follower.calls).toBe(1);
    expect(leader.calls).toBe(1);
    expect(leader.batches).toEqual([1]);
  });

  test("takes over the stream of submits", async () => {
    const { cluster, server, client } = fixture();
    const [follower, leader] = [await server(), await server()];
    const one = client([follower, leader]);
    cluster.leader = leader.address;
    await one.submit({ command: "a" });
    await one.submit({ command: "b" });
    expect(leader.batches.length).toBeGreaterThan(0);
    expect(cluster.jobs.size).toBe(2);
  });

  test("elsewhere is left alone: the user decides whom to trust", async () => {
    const { cluster, server, client } = fixture();
    const [follower, leader] = [await server(), await server()];
    cluster.leader = leader.address;
    const one = client([follower]);
    await one.clusterStatus();
    await one.clusterStatus();
    expect(leader.calls).toBe(0);
  });
});

test("a cancel that may have been done has not failed because a later try was turned away for the load", async () => {
  const { server, client } = fixture();
  const one = await server();
  one.misbehaviours.push(
    { when: "before", what: { throws: typed("OUTCOME_UNKNOWN", "unknown-outcome") } },
    { when: "before", what: { throws: typed("TOO_MANY_PROPOSALS", "exhausted") } },
  );
  await expect(client([one]).cancel("j")).rejects.toMatchObject({ category: "unknown-outcome" });
});

describe("listing", () => {
  test("gives one page with the token of the next, or all of them", async () => {
    const { cluster, server, client } = fixture();
    const one = client([await server()]);
    await one.submitMany(["a", "b", "c", "d", "e"].map((id) => ({ id, command: id })));
    const page = await one.list({ pageSize: 2, status: "COMPLETED", command: "x", workerId: 3 });
    expect(page).toMatchObject({ nextPageToken: "2", totalCount: 5 });
    expect(cluster.lists[0]).toMatchObject({
      statusFilter: ExecutionStatus.COMPLETED,
      commandFilter: "x",
      workerIdFilter: 3,
    });
    const ids: string[] = [];
    for await (const job of one.listAll({ pageSize: 2 })) ids.push(job.jobId);
    expect(ids).toEqual(["a", "b", "c", "d", "e"]);
    expect(cluster.lists).toHaveLength(4);
  });

  test("streams, starting elsewhere while nothing came", async () => {
    const { cluster, server, client } = fixture();
    const [first, second] = [await server(), await server()];
    first.misbehaviours.push({ when: "before", what: unavailable });
    cluster.jobs.set("a", {} as never).set("b", {} as never);
    const ids: string[] = [];
    for await (const job of client([first, second]).stream()) ids.push(job.jobId);
    expect(ids).toEqual(["a", "b"]);
    expect(second.calls).toBe(1);
  });

  test("streams, also when the first server never says a word", async () => {
    const { cluster, server, client } = fixture();
    const [mute, second] = [await server(), await server()];
    mute.misbehaviours.push({ when: "before", what: "silence" });
    cluster.jobs.set("a", {} as never);
    const ids: string[] = [];
    for await (const job of client([mute, second], { attemptTimeoutMs: 100 }).stream()) ids.push(job.jobId);
    expect(ids).toEqual(["a"]);
  });

  test("ends when the client closes in the middle of a stream", async () => {
    const { cluster, server, client } = fixture();
    const one = await server();
    const caller = client([one]);
    cluster.jobs.set("a", {} as never);
    one.misbehaviours.push({ when: "after", what: "silence" });
    const stream = caller.stream();
    expect(await stream.next()).toMatchObject({ value: { jobId: "a" } });
    caller.close();
    await expect(stream.next()).rejects.toMatchObject({ name: "CoxswainClientError" });
  });

  test("may be left early, and fails if it breaks in the middle", async () => {
    const { cluster, server, client } = fixture();
    const one = await server();
    const caller = client([one]);
    for (let index = 0; index < 5; index += 1) cluster.jobs.set(String(index), {} as never);
    for await (const _job of caller.stream()) break;
    one.misbehaviours.push({ when: "after", what: { throws: typed("BROKEN", "internal") } });
    await expect(
      (async () => {
        for await (const _job of caller.stream());
      })(),
    ).rejects.toMatchObject({ name: "CoxswainClientError", code: "BROKEN" });
  });
});

test("a call under way ends when the client closes", async () => {
  const { server, client } = fixture();
  const one = await server();
  one.misbehaviours.push({ when: "before", what: "silence" });
  const caller = client([one]);
  const waiting = caller.clusterStatus();
  while (one.calls === 0) await new Promise((resolve) => setImmediate(resolve));
  caller.close();
  await expect(waiting).rejects.toMatchObject({ code: "CLIENT_CLOSED", category: "unknown-outcome" });
});

describe("waiting for a job", () => {
  test("ends with a job whose occurrences were all passed over: it never ran and never will", async () => {
    const { cluster, server, client } = fixture();
    cluster.jobs.set("j", {} as never);
    cluster.statuses.set("j", { status: ExecutionStatus.PENDING, state: JobState.FINISHED, missedOccurrences: 1 });
    const waited = client([await server()]).waitFor("j", { timeoutMs: 1_000 });
    expect(await waited).toMatchObject({ state: "FINISHED", missedOccurrences: 1 });
  });

  test("asks until it has ended for good", async () => {
    const { cluster, server, client } = fixture();
    const one = await server();
    const caller = client([one]);
    await caller.submit({ id: "j", command: "a" });
    const waiting = caller.waitFor("j");
    while (one.calls < 3) await new Promise((resolve) => setImmediate(resolve));
    cluster.statuses.set("j", { status: ExecutionStatus.FAILED, state: JobState.FINISHED, exitCode: 3 });
    expect(await waiting).toMatchObject({ status: "FAILED", exitCode: 3 });
  });

  test("goes on while a cron job has occurrences to come", async () => {
    const { cluster, server, client } = fixture();
    const caller = client([await server()]);
    await caller.submit({ id: "j", command: "a" });
    const cron = {
      kind: { $case: "cron" as const, value: { expression: "@daily", timeZone: "", firstMs: 0, lastMs: 0 } },
    };
    cluster.statuses.set("j", { status: ExecutionStatus.COMPLETED, state: JobState.ACTIVE, schedule: cron });
    await expect(caller.waitFor("j", { timeoutMs: 60 })).rejects.toMatchObject({ code: "WAIT_TIMED_OUT" });
    cluster.statuses.set("j", {
      status: ExecutionStatus.COMPLETED,
      state: JobState.FINISHED,
      schedule: cron,
    });
    expect(await caller.waitFor("j")).toMatchObject({
      status: "COMPLETED",
      schedule: { kind: "cron", timeZone: "UTC" },
    });
  });

  test("ends when it is given up, when the client closes and when the job is not there", async () => {
    const { server, client } = fixture();
    const caller = client([await server()]);
    await caller.submit({ id: "j", command: "a" });
    const aborter = new AbortController();
    const waiting = caller.waitFor("j", { signal: aborter.signal });
    aborter.abort();
    await expect(waiting).rejects.toMatchObject({ code: "WAIT_ABORTED" });
    await expect(caller.waitFor("other")).rejects.toMatchObject({ code: "JOB_NOT_FOUND" });
    const closing = caller.waitFor("j");
    caller.close();
    await expect(closing).rejects.toMatchObject({ name: "CoxswainClientError" });
  });
});

describe("connecting", () => {
  test("with certificates shows who the client is", async () => {
    const ca = await createCa({ clusterName: "t" });
    const node = await issueCertificate({ ca, kind: "node", name: "n" });
    const alice = await issueCertificate({ ca, kind: "client", name: "alice" });
    const pem = (issued: typeof node): ReturnType<typeof tlsFromPem> =>
      tlsFromPem({ ca: ca.certificate, cert: issued.certificate, key: issued.privateKey });
    const { server, client } = fixture();
    const one = await server(serverCredentials(pem(node)));
    const caller = client([one], { tls: pem(alice) });
    await caller.clusterStatus();
    await caller.submit({ command: "a" });
    expect(one.peers).toEqual(["alice/client"]);
    await expect(client([one], { timeoutMs: 300 }).clusterStatus()).rejects.toMatchObject({
      name: "CoxswainClientError",
    });
  });

  test("beyond this machine needs TLS, or the word insecure", () => {
    const code = (servers: string[], options = {}): unknown => {
      try {
        CoxswainClient.connect({ servers, ...options }).close();
        return "ok";
      } catch (error) {
        return (error as { code?: string }).code;
      }
    };
    expect(code(["10.0.0.1:50051"])).toBe("TLS_REQUIRED");
    expect(code(["localhost:1", "example.org:1"])).toBe("TLS_REQUIRED");
    expect(code(["10.0.0.1:50051"], { insecure: true })).toBe("ok");
    expect(code(["127.0.0.1", "localhost:4", "[::1]:5", "::1"])).toBe("ok");
    expect(code(["10.0.0.1"], { tls: { ca: "/no", cert: "/no", key: "/no" } })).toBe("TLS_FILES_UNUSABLE");
    expect(code([])).toBe("NO_SERVERS");
    expect(code(["http://127.0.0.1:1"])).toBe("INVALID_SERVER");
  });
});
