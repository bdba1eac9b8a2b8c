/**
 * This node's part in the replicated log: storage, network, state, and the loop that drives them.
 */
import { randomInt } from "node:crypto";
import { RaftNode } from "@coxswain/raft-core";
import type { FoundedIdentity, RaftNodeEvent } from "@coxswain/raft-core";
import type { GrpcTransport } from "@coxswain/raft-grpc";
import type { LevelLogStorage } from "@coxswain/raft-level";
import { SUPPORTED_FEATURE_LEVEL } from "@coxswain/state-machine";
import type { ApplyResult, JobStore } from "@coxswain/state-machine";
import type { NodeOptions } from "./config/options.ts";
import { raftClock } from "./system-clock.ts";

export interface RaftEngineParts {
  readonly options: NodeOptions;
  readonly identity: FoundedIdentity;
  readonly storage: LevelLogStorage;
  readonly store: JobStore;
  readonly transport: GrpcTransport;
  readonly onEvent: (event: RaftNodeEvent) => void;
}

/** Random numbers in [0, 1) that two nodes started in one moment do not share. */
const random = (): number => randomInt(2 ** 32) / 2 ** 32;

/** Replicated log kept while a snapshot is under way, as a multiple of what is kept otherwise (G18). */
const HARD_LIMIT_FACTOR = 2;

export function startRaft(parts: RaftEngineParts): Promise<RaftNode<ApplyResult>> {
  const { options, identity, storage, store, transport, onEvent } = parts;
  const voters = identity.members.map(({ id }) => id);
  return RaftNode.start<ApplyResult>({
    id: options.nodeId,
    storage,
    stateMachine: store,
    transport,
    clock: raftClock,
    random,
    bootstrap: { voters, votersOutgoing: [], learners: [] },
    electionTimeoutMs: { min: options.electionTimeoutMin, max: options.electionTimeoutMax },
    heartbeatMs: options.heartbeatInterval,
    maxInflightProposals: options.maxProposals,
    logMaxBytes: options.logMaxBytes,
    logHardBytes: options.logMaxBytes * HARD_LIMIT_FACTOR,
    featureLevel: SUPPORTED_FEATURE_LEVEL,
    onEvent,
  });
}
