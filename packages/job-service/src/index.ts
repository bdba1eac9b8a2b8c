/**
 * The one door of all APIs: who calls, whether the request makes sense, who leads, what the log said.
 *
 * An edge (gRPC, REST, the command line) translates its wire into the protocol's messages, hands them to a
 * {@link JobService} with the identity it has from the transport, and translates the answer back. What the
 * service needs in turn it states as contracts: {@link RaftPort}, {@link Peers}, {@link SchedulerPort}, {@link Clock}.
 *
 * @example
 * const service = new JobService({ nodeId: 1, raft, store, scheduler, peers, clock, newId: uuidv7 });
 * const alice = { name: "alice", role: "client" } as const;
 * const { jobId } = await service.submitJob(alice, SubmitJobRequest.fromPartial({ command: "echo hello" }));
 * const { status } = await service.getJobStatus(alice, { jobId, stale: false });   // ExecutionStatus.RUNNING
 *
 * @packageDocumentation
 */
export { JobService } from "./job-service.ts";
export type { JobServiceOptions } from "./job-service.ts";
export type { LocalOutput, StorePort } from "./service-parts.ts";
export type {
  CallerIdentity,
  CallOptions,
  Clock,
  ForwardOptions,
  LogEntry,
  Logger,
  OutputRequest,
  OutputSource,
  PeerAnswers,
  Peers,
  RaftPort,
  RaftView,
  SchedulerPort,
  StreamOptions,
} from "./contracts.ts";
export type { PublicCalls, PublicMethod } from "./public-calls.ts";
export { answerForwarded } from "./answer-forwarded.ts";
export { MemoryPeers } from "./memory-peers.ts";
export { DEFAULT_DOCKER_TIMEOUT_MS, DEFAULT_LIMITS, DEFAULT_POLICY, DEFAULT_SETTINGS } from "./limits.ts";
export type { RequestLimits, ServiceSettings } from "./limits.ts";
export { errorDetail, errorFromDetail } from "./error-detail.ts";
export { commandLine, scheduleLine } from "./summary.ts";
export {
  CallNotAllowedError,
  errorFacts,
  isErrorCategory,
  JobConflictError,
  JobNotFoundError,
  JobPermissionDeniedError,
  JobServiceError,
  NodeDrainingError,
  NoLeaderError,
  NotLeaderError,
  OutcomeUnknownError,
  ReadTimeoutError,
  RefusedError,
  UnexpectedResultError,
  ValidationError,
} from "./errors.ts";
export {
  ExecutionNotFoundError,
  LogsClosedError,
  NodeLagsError,
  OutputUnreachableError,
  TooManyLogStreamsError,
} from "./log-errors.ts";
export type { ErrorCategory, ErrorFacts, FieldProblem } from "./errors.ts";
