/** `ClusterService` on the wire: a thin edge over the job service. */
import type { JobService } from "@coxswain/job-service";
import type { ClusterServiceServer } from "@coxswain/protocol";
import { wrapUnary } from "@coxswain/rpc";
import type { HandlerOptions } from "@coxswain/rpc";
import { timeOf } from "./scheduler-service.ts";

/** What a handler needs of the job service. */
export type ClusterCalls = Pick<
  JobService,
  "getClusterStatus" | "getRaftLogEntries" | "transferLeadership" | "drainNode"
>;

/** For `server.addService(ClusterServiceService, ...)`. */
export function clusterServiceImplementation(
  service: ClusterCalls,
  options: HandlerOptions = {},
): ClusterServiceServer {
  return {
    getClusterStatus: wrapUnary(
      (request, context) => service.getClusterStatus(context.peer, request, timeOf(context)),
      options,
    ),
    getRaftLogEntries: wrapUnary(
      (request, context) => service.getRaftLogEntries(context.peer, request),
      options,
    ),
    transferLeadership: wrapUnary(
      (request, context) => service.transferLeadership(context.peer, request, timeOf(context)),
      options,
    ),
    drainNode: wrapUnary(
      (request, context) => service.drainNode(context.peer, request, timeOf(context)),
      options,
    ),
  };
}
