/** Which public calls may be forwarded, and how their messages become bytes: read off the generated services. */
import type { PublicCalls, PublicMethod } from "@coxswain/job-service";
import { ClusterServiceService, JobWorkerService, SchedulerServiceService } from "@coxswain/protocol";

/** How one call travels. */
export interface ForwardCodec<Request, Response> {
  /** Full gRPC path. */
  readonly path: string;
  requestSerialize(value: Request): Buffer;
  requestDeserialize(value: Buffer): Request;
  responseSerialize(value: Response): Buffer;
  responseDeserialize(value: Buffer): Response;
}

type Codecs = {
  readonly [M in PublicMethod]: ForwardCodec<PublicCalls[M]["request"], PublicCalls[M]["response"]>;
};

/** By method. */
export const FORWARD_CODECS: Codecs = {
  submitJob: SchedulerServiceService.submitJob,
  submitJobs: SchedulerServiceService.submitJobs,
  cancelJob: SchedulerServiceService.cancelJob,
  deleteJob: SchedulerServiceService.deleteJob,
  getJobStatus: SchedulerServiceService.getJobStatus,
  listJobs: SchedulerServiceService.listJobs,
  listExecutions: SchedulerServiceService.listExecutions,
  status: JobWorkerService.status,
  getClusterStatus: ClusterServiceService.getClusterStatus,
  transferLeadership: ClusterServiceService.transferLeadership,
  drainNode: ClusterServiceService.drainNode,
};

const METHODS_BY_PATH: ReadonlyMap<string, PublicMethod> = new Map(
  (Object.keys(FORWARD_CODECS) as PublicMethod[]).map((method) => [FORWARD_CODECS[method].path, method]),
);

/** The method that a path names, if it is one that may be forwarded. */
export function forwardedMethod(path: string): PublicMethod | undefined {
  return METHODS_BY_PATH.get(path);
}
