/** What `PeerAnswers.forward` is bound to: a call that another node took, answered by the service of this one. */
import type { CallerIdentity, CallOptions } from "./contracts.ts";
import type { JobService } from "./job-service.ts";
import type { PublicCalls, PublicMethod } from "./public-calls.ts";

type Answers = {
  [M in PublicMethod]: (
    service: JobService,
    caller: CallerIdentity,
    request: PublicCalls[M]["request"],
    options: CallOptions,
  ) => Promise<PublicCalls[M]["response"]>;
};

const ANSWERS: Answers = {
  submitJob: (service, caller, request, options) => service.submitJob(caller, request, options),
  submitJobs: async (service, caller, { sequence, jobs }, options) => ({
    sequence,
    results: await service.submitJobs(caller, jobs, options),
  }),
  cancelJob: (service, caller, request, options) => service.cancelJob(caller, request, options),
  deleteJob: (service, caller, request, options) => service.deleteJob(caller, request, options),
  getJobStatus: (service, caller, request, options) => service.getJobStatus(caller, request, options),
  listJobs: (service, caller, request, options) => service.listJobs(caller, request, options),
  listExecutions: (service, caller, request, options) => service.listExecutions(caller, request, options),
  status: (service, caller, request, options) => service.status(caller, request, options),
  getClusterStatus: (service, caller, request, options) => service.getClusterStatus(caller, request, options),
  transferLeadership: (service, caller, request, options) =>
    service.transferLeadership(caller, request, options),
  drainNode: (service, caller, request, options) => service.drainNode(caller, request, options),
};

/** Answers or refuses, and never forwards (G24). `caller` is whom the node that took the call authenticated. */
export async function answerForwarded<M extends PublicMethod>(
  service: JobService,
  caller: CallerIdentity,
  method: M,
  request: PublicCalls[M]["request"],
  options: Omit<CallOptions, "forwarded"> = {},
): Promise<PublicCalls[M]["response"]> {
  return await ANSWERS[method](service, caller, request, { ...options, forwarded: true });
}
