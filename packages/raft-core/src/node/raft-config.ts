import type { RaftConfig } from "../core/raft.ts";
import type { NodeId } from "../types.ts";
import type { RaftNodeSettings } from "./options.ts";

/** The core counts ticks; this turns the node's milliseconds into them. */
export function raftConfigOf(
  settings: RaftNodeSettings & { readonly id: NodeId },
  appliedIndex: number,
): RaftConfig {
  const { tickMs, electionTimeoutMs, heartbeatMs } = settings;
  const electionTicks = Math.ceil(electionTimeoutMs.min / tickMs);
  return {
    id: settings.id,
    electionTicks,
    electionTicksMax: Math.ceil(electionTimeoutMs.max / tickMs),
    heartbeatTicks: Math.max(1, Math.round(heartbeatMs / tickMs)),
    promoteLearners: settings.promoteLearners,
    maxAppendBytes: settings.maxAppendBytes,
    maxInflightAppends: settings.maxInflightAppends,
    maxInflightBytes: settings.maxInflightBytes,
    maxUncommittedBytes: settings.maxUncommittedBytes,
    maxCommittedBytes: settings.maxApplyBytes,
    appliedIndex,
    waitForState: true,
  };
}
