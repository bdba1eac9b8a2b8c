/** `SchedulerService` on the wire: a thin edge over the job service. */
import { errorDetail } from "@coxswain/job-service";
import type { CallOptions, JobService } from "@coxswain/job-service";
import type { SchedulerServiceServer, SubmitJobsRequest, SubmitJobsResponse } from "@coxswain/protocol";
import { wrapBidi, wrapServerStream, wrapUnary } from "@coxswain/rpc";
import type { CallContext, HandlerOptions } from "@coxswain/rpc";
import { pipelined } from "./pipelined.ts";

export interface SchedulerServiceOptions extends HandlerOptions {
  /** Jobs of one SubmitJobs stream that are at work at a time; further messages wait at the client. Default 512. */
  readonly maxJobsInFlight?: number;
}

/** What a handler needs of the job service. */
export type SchedulerCalls = Pick<
  JobService,
  | "submitJob"
  | "submitJobs"
  | "cancelJob"
  | "deleteJob"
  | "getJobStatus"
  | "listJobs"
  | "streamJobs"
  | "listExecutions"
>;

/** For `server.addService(SchedulerServiceService, ...)`. The caller is who its certificate says; nothing in a request changes that. */
export function schedulerServiceImplementation(
  service: SchedulerCalls,
  options: SchedulerServiceOptions = {},
): SchedulerServiceServer {
  const { maxJobsInFlight = 512 } = options;
  return {
    submitJob: wrapUnary(
      (request, context) => service.submitJob(context.peer, request, timeOf(context)),
      options,
    ),
    submitJobs: wrapBidi(
      (requests, context) =>
        pipelined(requests, (request) => submitBatch(service, context, request, options), {
          weightOf: (request) => request.jobs.length,
          maxWeight: maxJobsInFlight,
        }),
      options,
    ),
    cancelJob: wrapUnary(
      (request, context) => service.cancelJob(context.peer, request, timeOf(context)),
      options,
    ),
    deleteJob: wrapUnary(
      (request, context) => service.deleteJob(context.peer, request, timeOf(context)),
      options,
    ),
    getJobStatus: wrapUnary(
      (request, context) => service.getJobStatus(context.peer, request, timeOf(context)),
      options,
    ),
    listJobs: wrapUnary(
      (request, context) => service.listJobs(context.peer, request, timeOf(context)),
      options,
    ),
    streamJobs: wrapServerStream(
      (request, context) => service.streamJobs(context.peer, request, timeOf(context)),
      options,
    ),
    listExecutions: wrapUnary(
      (request, context) => service.listExecutions(context.peer, request, timeOf(context)),
      options,
    ),
  };
}

/** One message of a stream: whatever goes wrong with it is told to its jobs, and the stream goes on. */
async function submitBatch(
  service: Pick<JobService, "submitJobs">,
  context: CallContext,
  { sequence, jobs }: SubmitJobsRequest,
  { onError }: HandlerOptions,
): Promise<SubmitJobsResponse> {
  try {
    return { sequence, results: await service.submitJobs(context.peer, jobs, timeOf(context)) };
  } catch (error) {
    onError?.(error, context.path);
    return { sequence, results: jobs.map(() => ({ result: { $case: "error", value: errorDetail(error) } })) };
  }
}

/** @internal */
export function timeOf({ deadlineMs }: CallContext): CallOptions {
  return deadlineMs === undefined ? {} : { deadlineMs };
}
