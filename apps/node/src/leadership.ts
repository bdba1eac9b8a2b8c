/**
 * What begins and ends with this node's leadership.
 */
import type { RaftNodeEvent } from "@coxswain/raft-core";
import type { Scheduler } from "@coxswain/scheduler";
import type { ClusterSettings, JobStore } from "@coxswain/state-machine";
import type { NodeOptions } from "./config/options.ts";
import { describeStateLoss } from "./lost-state.ts";
import type { RaftProposer } from "./proposer.ts";

export interface LeadershipParts {
  readonly options: Pick<NodeOptions, "maxActiveJobs" | "maxActiveJobBytes" | "outputTailBytes">;
  readonly store: Pick<JobStore, "settings">;
  readonly proposer: RaftProposer;
  readonly scheduler: Scheduler;
  readonly logger: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
  /** Another node leads, or this one: it has granted no leases yet, and places nothing without them. */
  readonly onNewLeader: () => void;
  /** The node can do nothing more that is safe (G19). */
  readonly onFatal: (error: Error) => void;
}

/** Starts the scheduler when the state holds everything committed before this term (G4), and stops it at once when leadership ends. */
export function followLeadership(parts: LeadershipParts): (event: RaftNodeEvent) => void {
  const { scheduler, logger, onNewLeader, onFatal } = parts;
  return (event) => {
    switch (event.type) {
      case "leaderReady":
        logger.info({ term: event.term }, "leading");
        scheduler.start(event.term);
        void setFoundingLimits(parts);
        return;
      case "leadershipLost":
        logger.info({ term: event.term }, "no longer leading");
        return scheduler.stop();
      case "leaderChanged":
        logger.info({ leader: event.leader, term: event.term }, "leader changed");
        if (event.leader !== 0) onNewLeader();
        return;
      case "fatal":
        return onFatal(event.error);
      case "stateLost": {
        const { appliedIndex, firstIndex, leader, waitedMs } = event;
        return logger.warn({ appliedIndex, firstIndex, leader, waitedMs }, describeStateLoss(event));
      }
      case "snapshotRefused":
      case "snapshotFailed":
        return logger.warn({ ...event, err: event.error }, "snapshot not installed; it is tried again");
      case "snapshotInstalled":
      case "snapshotSent":
      case "logCompacted":
        return logger.info({ event: event.type, index: event.meta.index }, "snapshot or compaction");
    }
  };
}

/** Limits that apply reads are replicated (G6): the first leader of the cluster sets them from its options, once. */
async function setFoundingLimits({ options, store, proposer, logger }: LeadershipParts): Promise<void> {
  const settings: ClusterSettings = {
    ...store.settings(),
    maxActiveJobs: options.maxActiveJobs,
    maxActiveJobBytes: options.maxActiveJobBytes,
    outputTailBytes: options.outputTailBytes,
  };
  try {
    await proposer.propose({ $case: "setClusterSettings", value: { settings, onlyIfAbsent: true } });
  } catch (error) {
    // The next leader does it; until then the defaults hold.
    logger.warn({ err: error }, "the cluster's limits are not set yet");
  }
}
