import { expect, test } from "@jest/globals";
import { ClusterServiceService, JobWorkerService, SchedulerServiceService } from "@coxswain/protocol";
import type { CallRecord } from "@coxswain/rpc";
import { auditCalls } from "../../src/security/call-audit.ts";
import { SecurityLog } from "../../src/security/security-log.ts";
import { HandClock } from "../../../../packages/worker/test/hand-clock.ts";
import { MemoryLogger } from "../nodes.ts";

const from = "10.0.0.1:4711";
const alice = { client: "alice", role: "client", from };

function told(record: Partial<CallRecord>): unknown[] {
  const logger = new MemoryLogger();
  const log = new SecurityLog({ logger, after: new HandClock().after });
  auditCalls(log)({ path: "/x", from, peer: { name: "alice", role: "client" }, ...record });
  return logger.lines.map(({ fields }) => fields);
}

const refused = (code: string, category: string): Error => Object.assign(new Error(code), { code, category });
const { submitJob, submitJobs, getJobStatus, listJobs } = SchedulerServiceService;

test("a submit is told with the job that it made, and a repeated one is not", () => {
  expect(told({ path: submitJob.path, request: {}, response: { jobId: "j", existed: false } })).toEqual([{ event: "job.submitted", ...alice, jobIds: ["j"] }]);
  expect(told({ path: submitJob.path, request: {}, response: { jobId: "j", existed: true } })).toEqual([]);
});

test("many jobs in one message are one line; refusals among them are told once for each code", () => {
  const job = (jobId: string, existed = false) => ({ result: { $case: "job", value: { jobId, existed } } });
  const error = (code: string, category: string) => ({ result: { $case: "error", value: { code, category, message: "" } } });
  const results = [job("a"), job("b", true), error("JOB_LIMIT_REACHED", "exhausted"), error("JOB_LIMIT_REACHED", "exhausted"), job("c"), error("X", "invalid")];
  expect(told({ path: submitJobs.path, response: { sequence: 1, results } })).toEqual([
    { event: "job.submitted", ...alice, jobIds: ["a", "c"] },
    { event: "limit.hit", limit: "JOB_LIMIT_REACHED", ...alice, call: submitJobs.path },
  ]);
});

test("what the job worker's service starts and stops is told like other jobs", () => {
  expect(told({ path: JobWorkerService.start.path, request: { id: "" }, response: { id: "j", status: 1 } })).toEqual([{ event: "job.submitted", ...alice, jobIds: ["j"] }]);
  expect(told({ path: JobWorkerService.stop.path, request: { id: "j" }, response: { id: "j", status: 5 } })).toEqual([{ event: "job.stopped", ...alice, jobId: "j" }]);
});

test("leadership that an admin moves is told with where it went", () => {
  const transferred = { path: ClusterServiceService.transferLeadership.path, request: { targetNodeId: 0 }, response: { success: true, message: "", newLeaderId: 3 } };
  expect(told(transferred)).toEqual([{ event: "leadership.transferred", ...alice, leader: 3 }]);
});

test("reading is no event, and neither are mistakes", () => {
  expect(told({ path: getJobStatus.path, request: { jobId: "j" }, response: {} })).toEqual([]);
  for (const category of ["invalid", "not-found", "conflict", "unavailable", "unknown-outcome", "internal"])
    expect(told({ path: submitJob.path, error: refused("X", category) })).toEqual([]);
  expect(told({ error: new Error("not typed") })).toEqual([]);
});

test("a refusal is told with who, what, which job and from where; an id is cut, since nobody checked it", () => {
  const denied = { event: "call.denied", ...alice, code: "JOB_PERMISSION_DENIED" };
  const error = refused("JOB_PERMISSION_DENIED", "denied");
  expect(told({ path: getJobStatus.path, request: { jobId: "j" }, error })).toEqual([{ ...denied, call: getJobStatus.path, jobId: "j" }]);
  expect(told({ path: listJobs.path, request: {}, error })).toEqual([{ ...denied, call: listJobs.path }]);
  const [long] = told({ path: JobWorkerService.logs.path, request: { id: "x".repeat(5_000) }, error }) as { jobId: string }[];
  expect(long?.jobId).toHaveLength(128);
});

test("nobody is nobody: a call without an identity names its address alone", () => {
  expect(told({ path: "/p", peer: undefined, error: refused("UNAUTHENTICATED", "denied") })).toEqual([{ event: "call.unauthenticated", from, call: "/p" }]);
});
