import type { NodeId } from "@coxswain/raft-core";
import type { SimNode } from "../cluster/sim-node.ts";

/** Where a log ends. */
interface LogEnd {
  readonly term: number;
  readonly index: number;
}

/**
 * Whether one of `left` could be elected by them alone, when `gone` is lost. A majority of the members is not always
 * enough: the one that is lost may have led, and sent an entry to a learner only. A voter that holds an uncommitted
 * promotion of that learner then needs its vote, which the longer log refuses, while the learner, which does not know
 * of its promotion, must not campaign. Any engine that obeys the newest configuration in its log has to wait then. The
 * entry may be under way, so a learner counts as if it had arrived.
 */
export function canElect(left: readonly SimNode[], gone: SimNode): boolean {
  const last = logEndOf(gone);
  const ends = new Map<NodeId, LogEnd>();
  for (const node of left) {
    const end = logEndOf(node);
    const isLearner = !node.raft.configuration.voters.includes(node.id);
    ends.set(node.id, isLearner && isNewer(last, end) ? last : end);
  }
  return left.some(({ id, raft }) => {
    const { voters, votersOutgoing } = raft.configuration;
    const own = ends.get(id);
    const grants = (voter: NodeId): boolean => {
      const end = ends.get(voter);
      return end !== undefined && own !== undefined && !isNewer(end, own);
    };
    const isMajority = (set: readonly NodeId[]): boolean =>
      set.length === 0 || set.filter(grants).length * 2 > set.length;
    return voters.includes(id) && isMajority(voters) && isMajority(votersOutgoing);
  });
}

/** As a running node holds it, or as the next start will find it. */
function logEndOf({ isUp, raft, disk }: SimNode): LogEnd {
  if (!isUp) return { term: disk.lastTerm, index: disk.lastIndex };
  const { lastIndex } = raft.status();
  return { term: raft.termAt(lastIndex) ?? 0, index: lastIndex };
}

function isNewer(a: LogEnd, b: LogEnd): boolean {
  return a.term > b.term || (a.term === b.term && a.index > b.index);
}
