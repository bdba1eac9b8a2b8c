import type { CallerIdentity, CallOptions } from "@coxswain/job-service";
import {
  GetClusterStatusResponse,
  GetJobStatusResponse,
  JobLogsResponse,
  JobStatusResponse,
  JobSummary,
} from "@coxswain/protocol";
import type { ClusterCalls, JobWorkerCalls, SchedulerCalls } from "../src/index.ts";

export interface SeenCall {
  readonly method: string;
  readonly caller: CallerIdentity;
  readonly request: unknown;
  readonly options: CallOptions | undefined;
}

type Calls = SchedulerCalls & ClusterCalls & JobWorkerCalls;

/** A job service that notes who asked what, and answers with whatever the test says. */
export function fakeService(answers: Partial<Calls> = {}): Calls & { readonly seen: SeenCall[] } {
  const seen: SeenCall[] = [];
  const note = (method: string, caller: CallerIdentity, request: unknown, options?: CallOptions): void => {
    seen.push({ method, caller: { name: caller.name, role: caller.role }, request, options });
  };
  const answering =
    <T>(method: keyof Calls, answer: T) =>
    (caller: CallerIdentity, request: never, options?: CallOptions): Promise<T> => {
      note(method, caller, request, options);
      const instead = answers[method] as ((...args: unknown[]) => Promise<T>) | undefined;
      return instead === undefined ? Promise.resolve(answer) : instead(caller, request, options);
    };
  return {
    seen,
    submitJob: answering("submitJob", { jobId: "made", createdAtMs: 1, existed: false }),
    submitJobs: answering("submitJobs", []),
    cancelJob: answering("cancelJob", { success: true, message: "", status: 6 }),
    deleteJob: answering("deleteJob", {}),
    getJobStatus: answering("getJobStatus", GetJobStatusResponse.fromPartial({ jobId: "a" })),
    listJobs: answering("listJobs", { jobs: [], nextPageToken: "", totalCount: 0 }),
    listExecutions: answering("listExecutions", { executions: [], nextPageToken: "" }),
    getClusterStatus: answering("getClusterStatus", GetClusterStatusResponse.fromPartial({ nodeId: 1 })),
    getRaftLogEntries: answering("getRaftLogEntries", {
      entries: [],
      commitIndex: 0,
      lastLogIndex: 0,
      firstAvailableIndex: 0,
    }),
    transferLeadership: answering("transferLeadership", { success: true, message: "", newLeaderId: 2 }),
    drainNode: answering("drainNode", { success: true, message: "" }),
    start: answering("start", { id: "made", status: 1 }),
    stop: answering("stop", { id: "a", status: 6 }),
    status: answering("status", JobStatusResponse.fromPartial({ id: "a" })),
    logs: (caller, request, options) => {
      note("logs", caller, request, options);
      return answers.logs?.(caller, request, options) ?? some([JobLogsResponse.fromPartial({ attempt: 1 })]);
    },
    streamJobs: (caller, request, options) => {
      note("streamJobs", caller, request, options);
      return answers.streamJobs?.(caller, request, options) ?? some([JobSummary.fromPartial({ jobId: "a" })]);
    },
  };
}

async function* some<T>(values: readonly T[]): AsyncGenerator<T, void, undefined> {
  yield* await Promise.resolve(values);
}
