import type { RaftConfig } from "../core/raft.ts";
import type { NodeId } from "../types.ts";
import type { Clock } from "../contracts.ts";
import type { RaftNodeSettings } from "./options.ts";

/** One tick for where in a tick the heartbeat arrives, one for timers that fire early. */
const LEASE_SLACK_TICKS = 2;

/** The core counts ticks; this turns the node's milliseconds into them. */
export function raftConfigOf(
  settings: RaftNodeSettings & { readonly id: NodeId; readonly clock: Clock },
  appliedIndex: number,
): RaftConfig {
  const { tickMs, electionTimeoutMs, heartbeatMs, clock } = settings;
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
    ...(settings.leaseReads && {
      lease: { now: () => clock.now(), duration: leaseMs(settings, electionTicks) },
    }),
  };
}

function leaseMs({ tickMs, maxClockDrift }: RaftNodeSettings, electionTicks: number): number {
  return (electionTicks - LEASE_SLACK_TICKS) * tickMs * (1 - maxClockDrift);
}
