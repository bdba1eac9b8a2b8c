/** What the calls share: everything of the service's options, completed, and what is made of it. */
import type { Policy } from "@coxswain/protocol";
import type { ApplyResult, JobStore } from "@coxswain/state-machine";
import type { Clock, Logger, OutputSource, Peers, RaftPort, SchedulerPort } from "./contracts.ts";
import type { LeaderRouting } from "./leader-routing.ts";
import type { RequestLimits, ServiceSettings } from "./limits.ts";
import type { Validator } from "./validate.ts";

/** The queries of the job store that this room uses. */
export type StorePort = Pick<
  JobStore,
  | "job"
  | "execution"
  | "executionsOf"
  | "listJobs"
  | "nodes"
  | "node"
  | "runningOn"
  | "counters"
  | "featureLevel"
  | "on"
>;

export interface ServiceParts {
  readonly nodeId: number;
  readonly raft: RaftPort<ApplyResult>;
  readonly store: StorePort;
  readonly scheduler: SchedulerPort;
  readonly peers: Peers;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly clusterId: string;
  readonly memberAddress: (nodeId: number) => string | undefined;
  readonly localOutput: LocalOutput;
  readonly localStream: OutputSource;
  readonly policy: Policy;
  readonly dockerTimeoutMs: number;
  readonly defaultImage: string;
  readonly limits: RequestLimits;
  readonly settings: ServiceSettings;
  readonly logger: Logger;
  readonly validator: Validator;
  readonly routing: LeaderRouting;
}

/** What an attempt that runs on this very node has written last. */
export type LocalOutput = (executionId: string, attempt: number, tailBytes: number) => Uint8Array | undefined;
