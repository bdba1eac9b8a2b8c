/**
 * The gRPC edge: the public services over the job service, and what nodes ask of each other.
 *
 * Nothing is decided here. The caller is who its certificate says; requests and answers are the protocol's; errors
 * become statuses by the one table of `@coxswain/rpc`. {@link GrpcPeers} and {@link LeaderLink} are the client side of
 * InternalService: the first carries forwarded calls and outputs, the second leases, registrations and results.
 *
 * @example
 * const server = new Server(serverOptions());
 * server.addService(SchedulerServiceService, schedulerServiceImplementation(jobService));
 * server.addService(JobWorkerService, jobWorkerServiceImplementation(jobService));
 * server.addService(ClusterServiceService, clusterServiceImplementation(jobService));
 * server.addService(InternalServiceService, internalServiceImplementation(handlers));   // role node only
 *
 * @packageDocumentation
 */
export { schedulerServiceImplementation } from "./scheduler-service.ts";
export type { SchedulerCalls, SchedulerServiceOptions } from "./scheduler-service.ts";
export { jobWorkerServiceImplementation } from "./job-worker-service.ts";
export type { JobWorkerCalls } from "./job-worker-service.ts";
export { clusterServiceImplementation } from "./cluster-service.ts";
export type { ClusterCalls } from "./cluster-service.ts";
export { internalServiceImplementation } from "./internal-service.ts";
export type { InternalHandlers, InternalServiceOptions, LeaseGrant } from "./internal-service.ts";
export { NodeClients } from "./node-clients.ts";
export type { LinkPurpose, NodeClientsOptions } from "./node-clients.ts";
export { GrpcPeers } from "./grpc-peers.ts";
export type { GrpcPeersOptions } from "./grpc-peers.ts";
export { LeaderLink } from "./leader-link.ts";
export type { LeaderLinkOptions } from "./leader-link.ts";
export { ReportStream } from "./report-stream.ts";
export type { ReportStreamOptions } from "./report-stream.ts";
export {
  ApiGrpcError,
  CallerMissingError,
  LeaderUnknownError,
  LeaseRefusedError,
  LinkClosedError,
  NotForwardableError,
  PeerAddressUnknownError,
  PeerRefusedError,
  ReportUnansweredError,
  TooManyOutputStreamsError,
  TooManyReportsError,
} from "./errors.ts";
