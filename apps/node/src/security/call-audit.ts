/**
 * What calls mean for the security log: what was done, and what was refused.
 */
import { ClusterServiceService, JobWorkerService, SchedulerServiceService } from "@coxswain/protocol";
import type {
  DrainNodeRequest,
  JobResponse,
  SubmitJobResponse,
  SubmitJobsResponse,
  TransferLeadershipResponse,
} from "@coxswain/protocol";
import { isCategorizedError } from "@coxswain/rpc";
import type { CallRecord, CategorizedError, PeerIdentity } from "@coxswain/rpc";
import type { SecurityLog } from "./security-log.ts";

interface Caller {
  readonly client: string;
  readonly role: string;
  readonly from: string;
}

/** Longest id of a job. */
const MAX_ID_LENGTH = 128;

type Audit = (log: SecurityLog, caller: Caller, record: CallRecord) => void;

/** By path; all other calls change nothing. */
const DONE: ReadonlyMap<string, Audit> = new Map<string, Audit>([
  [
    SchedulerServiceService.submitJob.path,
    (log, caller, { response }) => {
      const { jobId, existed } = response as SubmitJobResponse;
      if (!existed) log.record("job.submitted", { ...caller, jobIds: [jobId] });
    },
  ],
  [SchedulerServiceService.submitJobs.path, submittedMany],
  [SchedulerServiceService.cancelJob.path, (log, caller, record) => log.record("job.cancelled", { ...caller, jobId: jobOf(record) ?? "" })],
  [SchedulerServiceService.deleteJob.path, (log, caller, record) => log.record("job.deleted", { ...caller, jobId: jobOf(record) ?? "" })],
  [
    JobWorkerService.start.path,
    (log, caller, { response }) => log.record("job.submitted", { ...caller, jobIds: [(response as JobResponse).id] }),
  ],
  [JobWorkerService.stop.path, (log, caller, record) => log.record("job.stopped", { ...caller, jobId: jobOf(record) ?? "" })],
  [
    ClusterServiceService.drainNode.path,
    (log, caller, { request }) => {
      const { nodeId, undo } = request as DrainNodeRequest;
      log.record(undo ? "node.resumed" : "node.drained", { ...caller, nodeId });
    },
  ],
  [
    ClusterServiceService.transferLeadership.path,
    (log, caller, { response }) => log.record("leadership.transferred", { ...caller, leader: (response as TransferLeadershipResponse).newLeaderId }),
  ],
]);

/** For `onAnswer` of all services of the node. */
export function auditCalls(log: SecurityLog): (record: CallRecord) => void {
  return (record) => {
    if (record.error === undefined) {
      const audit = DONE.get(record.path);
      if (audit !== undefined && record.peer !== undefined) audit(log, callerOf(record.peer, record.from), record);
    } else if (isCategorizedError(record.error)) refused(log, record, record.error);
  };
}

function refused(log: SecurityLog, record: CallRecord, { code, category }: Pick<CategorizedError, "code" | "category">): void {
  const { path: call, from, peer } = record;
  if (category === "exhausted")
    log.record("limit.hit", { limit: code, ...(peer === undefined ? { from } : callerOf(peer, from)), call });
  if (category !== "denied") return;
  if (peer === undefined) return log.record("call.unauthenticated", { from, call });
  const jobId = jobOf(record);
  log.record("call.denied", { ...callerOf(peer, from), call, code, ...(jobId === undefined ? {} : { jobId }) });
}

/** One message may hold jobs that were taken and jobs that were refused. */
function submittedMany(log: SecurityLog, caller: Caller, record: CallRecord): void {
  const jobIds: string[] = [];
  const refusals = new Map<string, Pick<CategorizedError, "code" | "category">>();
  for (const { result } of (record.response as SubmitJobsResponse).results) {
    if (result?.$case === "job" && !result.value.existed) jobIds.push(result.value.jobId);
    if (result?.$case === "error" && isCategorizedError(result.value)) refusals.set(result.value.code, result.value);
  }
  if (jobIds.length > 0) log.record("job.submitted", { ...caller, jobIds });
  for (const refusal of refusals.values()) refused(log, record, refusal);
}

function callerOf({ name, role }: PeerIdentity, from: string): Caller {
  return { client: name, role, from };
}

/** The job that a request is about, whichever service it is of. */
function jobOf({ request }: CallRecord): string | undefined {
  if (typeof request !== "object" || request === null) return undefined;
  const { jobId, id } = request as { jobId?: unknown; id?: unknown };
  const named = jobId ?? id;
  // What was refused was not checked.
  return typeof named === "string" && named !== "" ? named.slice(0, MAX_ID_LENGTH) : undefined;
}
