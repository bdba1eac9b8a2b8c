/** Who may connect to a real node, and who may call what: certificates of its CA, and some that should not exist. */
import tls from "node:tls";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Client, Metadata } from "@grpc/grpc-js";
import { issueCertificate } from "@coxswain/pki";
import type { KeyedCertificate } from "@coxswain/pki";
import { ExecutionStatus, JobRequest, ListJobsRequest, SubmitJobRequest } from "@coxswain/protocol";
import { identifyPeer } from "@coxswain/raft-grpc";
import { channelCredentials, channelOptions, errorFromStatus } from "@coxswain/rpc";
import type { TlsMaterial } from "@coxswain/rpc";
import { keyed, material, oddCertificate } from "../../../../packages/rpc/test/certificates.ts";
import { REFUSED_HANDSHAKES } from "../../../../packages/rpc/test/refused-handshakes.ts";
import { Certificates, Yard } from "../nodes.ts";
import type { TestNode } from "../nodes.ts";
import { ask, Caller, handshake, refusal } from "./callers.ts";

let yard: Yard;
let certificates: Certificates;
let one: TestNode;
const callers: { close(): void }[] = [];
const none = new Metadata();

beforeAll(async () => {
  yard = await Yard.open();
  certificates = await Certificates.create(yard.directory);
  one = await yard.started(["--data-dir", yard.path("data"), ...(await certificates.flags("node", "node-1"))]);
}, 60_000);
afterAll(async () => {
  for (const caller of callers) caller.close();
  await yard.destroy();
}, 60_000);

const ours = (issued: KeyedCertificate): TlsMaterial => material(certificates.authority, issued);
const issued = async (kind: "client" | "admin" | "node", name: string): Promise<KeyedCertificate> =>
  issueCertificate({ ca: certificates.authority, kind, name, days: 1 });
async function caller(kind: "client" | "admin", name: string): Promise<Caller> {
  return opened(ours(await issued(kind, name)));
}
function opened(own: TlsMaterial): Caller {
  const made = new Caller(one.node.address, own);
  callers.push(made);
  return made;
}
const alicesJob = async (): Promise<string> => {
  const alice = await caller("client", "alice");
  const request = SubmitJobRequest.fromPartial({ command: "echo s3cret-command", task: undefined });
  return (await ask(alice.scheduler.submitJob.bind(alice.scheduler), request, none)).jobId;
};

describe("case 1: the handshake is refused, and logged with its cause and from where,", () => {
  test.each(REFUSED_HANDSHAKES)("%s", async (_what, cause, options) => {
    const { certificate } = certificates.authority;
    expect(await handshake(one.node.address, { ca: certificate, ...(await options(certificates.authority)) })).toBe("refused");
    const { fields } = await one.logger.line((line) => line.fields["event"] === "handshake.refused" && line.fields["cause"] === cause);
    expect(fields["from"]).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(await handshake(one.node.address, { ca: certificate, ...keyed(await issued("client", "alice")) })).toBe("accepted");
  });
});

describe("case 2: UNAUTHENTICATED is what every service answers, and the log says from where, to a certificate with", () => {
  test.each([
    { what: "no CN", subject: [{ OU: ["admin"] }] },
    { what: "an empty CN", subject: [{ CN: [" "] }, { OU: ["admin"] }] },
    { what: "two CNs", subject: [{ CN: ["alice"] }, { CN: ["bob"] }] },
  ])("$what", async ({ subject }) => {
    const before = one.logger.lines.length;
    const nobody = opened(ours(await oddCertificate({ ca: certificates.authority, subject })));
    const { scheduler, cluster, internal } = nobody;
    const answers = [
      ask(scheduler.submitJob.bind(scheduler), SubmitJobRequest.fromPartial({ command: "true" }), none),
      ask(scheduler.listJobs.bind(scheduler), ListJobsRequest.fromPartial({}), none),
      ask(cluster.getClusterStatus.bind(cluster), { stale: true }, none),
      ask(internal.getJobOutput.bind(internal), { executionId: "x", attempt: 1, tailBytes: 1 }, none),
    ];
    for (const answer of answers) expect(await refusal(answer)).toMatchObject({ code: "UNAUTHENTICATED", category: "denied" });
    const told = one.logger.lines.slice(before).filter(({ fields }) => fields["event"] === "call.unauthenticated");
    expect(told[0]?.fields).toEqual({
      event: "call.unauthenticated",
      from: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      call: expect.stringMatching(/^\/coxswain\.v1\./),
    });
  });
});

describe("case 3: TLS 1.2", () => {
  const at12 = { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } as const;

  test("is refused by a node, also after a certificate reload", async () => {
    const ca = certificates.authority.certificate;
    const alice = keyed(await issued("client", "alice"));
    expect(await handshake(one.node.address, { ca, ...alice, ...at12 })).toBe("refused");
    await certificates.flags("node", "node-1");
    one.node.reloadCertificates();
    await one.logger.line(({ fields }) => fields["event"] === "certificate.reloaded");
    expect(await handshake(one.node.address, { ca, ...alice, ...at12 })).toBe("refused");
    expect(await handshake(one.node.address, { ca, ...alice })).toBe("accepted");
  });

  test("is refused by a node that calls another", async () => {
    const ca = certificates.authority.certificate;
    const server = tls.createServer({ ca, ...keyed(await issued("node", "node-2")), ...at12, ALPNProtocols: ["h2"] });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const refused = once(server, "tlsClientError") as Promise<[NodeJS.ErrnoException]>;
    const { port } = server.address() as AddressInfo;
    const made = yard.node([
      ...["--data-dir", yard.path("lonely"), "--peers", `2:127.0.0.1:${port}`, "--advertise-addr", "127.0.0.1:50999"],
      ...(await certificates.flags("node", "node-9")),
    ]);
    made.node.start(made.options).catch(() => {});
    expect((await refused)[0].code).toMatch(/VERSION|UNSUPPORTED_PROTOCOL/);
    await made.node.stop();
    server.close();
  });
});

describe("case 4: another's job", () => {
  test("shows and does nothing to bob: status, cancel, delete and executions are PERMISSION_DENIED, without a word of it, and logged", async () => {
    const jobId = await alicesJob();
    const bob = await caller("client", "bob");
    const { scheduler } = bob;
    const answers = [
      ask(scheduler.getJobStatus.bind(scheduler), { jobId, stale: false }, none),
      ask(scheduler.getJobStatus.bind(scheduler), { jobId, stale: true }, none),
      ask(scheduler.cancelJob.bind(scheduler), { jobId, reason: "", requestId: "" }, none),
      ask(scheduler.deleteJob.bind(scheduler), { jobId, requestId: "" }, none),
      ask(scheduler.listExecutions.bind(scheduler), { jobId, pageSize: 0, pageToken: "", stale: false }, none),
    ];
    for (const answer of answers) {
      const error = await refusal(answer);
      expect(error).toMatchObject({ code: "JOB_PERMISSION_DENIED", category: "denied" });
      expect(`${error.message}${String(error.cause)}`).not.toMatch(/alice|s3cret/);
    }
    const { fields } = await one.logger.line((line) => line.fields["event"] === "call.denied" && line.fields["jobId"] === jobId);
    expect(fields).toEqual({
      event: "call.denied",
      ...{ client: "bob", role: "client", from: expect.stringMatching(/^127\.0\.0\.1:\d+$/) },
      call: "/coxswain.v1.SchedulerService/GetJobStatus",
      code: "JOB_PERMISSION_DENIED",
      jobId,
    });
    const alice = await caller("client", "alice");
    expect(await ask(alice.scheduler.getJobStatus.bind(alice.scheduler), { jobId, stale: false }, none)).toMatchObject({ jobId, owner: "alice" });
  });

  test("that does not exist is NOT_FOUND for everybody: existence is told, as the origin does, and nothing else", async () => {
    const bob = await caller("client", "bob");
    const answer = ask(bob.scheduler.getJobStatus.bind(bob.scheduler), { jobId: "0190a000-0000-7000-8000-000000000000", stale: false }, none);
    expect(await refusal(answer)).toMatchObject({ code: "JOB_NOT_FOUND" });
  });

  test("is in no list and no stream of bob's, whatever owner he asks for", async () => {
    const jobId = await alicesJob();
    const bob = await caller("client", "bob");
    const { scheduler } = bob;
    const request = ListJobsRequest.fromPartial({ ownerFilter: "alice", pageSize: 1_000 });
    const { jobs, totalCount } = await ask(scheduler.listJobs.bind(scheduler), request, none);
    expect({ jobs, totalCount }).toEqual({ jobs: [], totalCount: 0 });
    const streamed: string[] = [];
    for await (const job of scheduler.streamJobs({ statusFilter: ExecutionStatus.UNSPECIFIED })) streamed.push((job as { jobId: string }).jobId);
    expect(streamed).toEqual([]);
    const root = await caller("admin", "root");
    const all = await ask(root.scheduler.listJobs.bind(root.scheduler), ListJobsRequest.fromPartial({ pageSize: 1_000 }), none);
    expect(all.jobs.map((job) => job.jobId)).toContain(jobId);
  });

  test("is not reached by metadata that claims another name or role, and what is submitted belongs to the certificate", async () => {
    const jobId = await alicesJob();
    const claims = new Metadata();
    for (const key of ["owner", "cox-owner", "x-owner", "caller", "cox-caller", "x-forwarded-client-cert", "user", "cn"]) claims.set(key, "alice");
    for (const key of ["role", "cox-role", "ou"]) claims.set(key, "admin");
    claims.set("authorization", "Bearer alice");
    const { scheduler } = await caller("client", "bob");
    expect(await refusal(ask(scheduler.getJobStatus.bind(scheduler), { jobId, stale: false }, claims))).toMatchObject({ code: "JOB_PERMISSION_DENIED" });
    const submit = { ...SubmitJobRequest.fromPartial({ command: "true" }), owner: "alice" };
    const own = await ask(scheduler.submitJob.bind(scheduler), submit, claims);
    expect(await ask(scheduler.getJobStatus.bind(scheduler), { jobId: own.jobId, stale: false }, none)).toMatchObject({ owner: "bob" });
  });
});

describe("case 5: a client's certificate, and an admin's,", () => {
  test.each(["client", "admin"] as const)("get PERMISSION_DENIED from every call between nodes: %s", async (kind) => {
    const own = ours(await issued(kind, `${kind}-5`));
    const { internal } = opened(own);
    const registration = { nodeId: 7, uuid: "u", incarnation: 1, address: "127.0.0.1:1", executors: [], capacity: 1, adopted: [], featureLevel: 1, labels: {}, missingExecutors: {}, executorLimitations: {}, maxLeaseMs: 1 };
    const forged = { caller: { name: "alice", role: "admin" }, path: "/coxswain.v1.SchedulerService/ListJobs", request: new Uint8Array(), fromNodeId: 2 };
    const answers = [
      ask(internal.forward.bind(internal), forged, none),
      ask(internal.heartbeat.bind(internal), { nodeId: 1, incarnation: 1, timeMs: 0, leaving: true }, none),
      ask(internal.registerNode.bind(internal), { registration }, none),
      ask(internal.getJobOutput.bind(internal), { executionId: "x", attempt: 1, tailBytes: 1 }, none),
      streamed(internal.reportAttempts()),
      identifyPeer(one.node.address, channelCredentials(own), { nodeId: 2, nodeUuid: "u" }, { timeoutMs: 5_000 }),
      ...["Messages", "InstallSnapshot"].map((method) => raftStream(method, own)),
    ];
    for (const answer of answers) expect(await refusal(answer)).toMatchObject({ code: "PERMISSION_DENIED", category: "denied" });
    const denied = one.logger.lines.filter(({ fields }) => fields["event"] === "call.denied" && fields["client"] === `${kind}-5`);
    expect(denied.map(({ fields }) => fields["call"])).toEqual(expect.arrayContaining(["/coxswain.v1.InternalService/Forward", "/raft.v1.RaftService/Messages"]));
  });

  function streamed(stream: { on(event: "error", listener: (error: Error) => void): unknown; resume(): unknown }): Promise<never> {
    stream.resume();
    return new Promise((_resolve, reject) => stream.on("error", (error) => reject(errorFromStatus(error as never))));
  }

  function raftStream(method: string, own: TlsMaterial): Promise<never> {
    const client = new Client(one.node.address, channelCredentials(own), channelOptions());
    callers.push(client);
    const same = (bytes: Buffer): Buffer => bytes;
    return streamed(client.makeBidiStreamRequest(`/raft.v1.RaftService/${method}`, same, same));
  }
});

test("what was done stands in the log with who, what and which job; nothing in it is secret", async () => {
  const alice = await caller("client", "alice");
  const { scheduler } = alice;
  const from = expect.stringMatching(/^127\.0\.0\.1:\d+$/);
  const who = { client: "alice", role: "client", from };
  const at = (event: string, jobId: string) => one.logger.line(({ fields }) => fields["event"] === event && JSON.stringify(fields).includes(jobId));
  const { jobId } = await ask(scheduler.submitJob.bind(scheduler), SubmitJobRequest.fromPartial({ command: "exec sleep 30" }), none);
  expect((await at("job.submitted", jobId)).fields).toEqual({ event: "job.submitted", ...who, jobIds: [jobId] });
  expect((await at("attempt.started", jobId)).fields).toMatchObject({ jobId, owner: "alice", attempt: 1, kind: "process", execution: expect.any(String) });
  await ask(scheduler.cancelJob.bind(scheduler), { jobId, reason: "s3cret-reason", requestId: "" }, none);
  expect((await at("job.cancelled", jobId)).fields).toEqual({ event: "job.cancelled", ...who, jobId });
  expect((await at("attempt.ended", jobId)).fields).toMatchObject({ jobId, attempt: 1, outcome: "stopped" });
  const { worker } = alice;
  const run = JobRequest.fromPartial({ command: "exec sleep 30" });
  const { id } = await ask(worker.start.bind(worker), run, none);
  expect((await at("job.submitted", id)).fields).toEqual({ event: "job.submitted", ...who, jobIds: [id] });
  const bob = await caller("client", "bob");
  const meant = JobRequest.fromPartial({ id });
  expect(await refusal(ask(bob.worker.stop.bind(bob.worker), meant, none))).toMatchObject({ category: "denied" });
  expect((await at("call.denied", id)).fields).toMatchObject({ client: "bob", call: "/coxswain.v1.JobWorker/Stop", jobId: id });
  await ask(worker.stop.bind(worker), meant, none);
  expect((await at("job.stopped", id)).fields).toEqual({ event: "job.stopped", ...who, jobId: id });
  const { cluster } = await caller("admin", "root");
  await ask(cluster.drainNode.bind(cluster), { nodeId: 1, undo: false, requestId: "" }, none);
  await ask(cluster.drainNode.bind(cluster), { nodeId: 1, undo: true, requestId: "" }, none);
  const byRoot = { client: "root", role: "admin", from };
  expect((await one.logger.line(({ fields }) => fields["event"] === "node.drained")).fields).toEqual({ event: "node.drained", ...byRoot, nodeId: 1 });
  expect((await one.logger.line(({ fields }) => fields["event"] === "node.resumed")).fields).toEqual({ event: "node.resumed", ...byRoot, nodeId: 1 });
  const finished = async (): Promise<boolean> => (await ask(scheduler.getJobStatus.bind(scheduler), { jobId, stale: false }, none)).completedAtMs !== undefined;
  while (!(await finished()));
  await ask(scheduler.deleteJob.bind(scheduler), { jobId, requestId: "" }, none);
  expect((await at("job.deleted", jobId)).fields).toEqual({ event: "job.deleted", ...who, jobId });
  const logged = JSON.stringify(one.logger.lines);
  expect(logged).not.toMatch(/s3cret|PRIVATE KEY/);
});
