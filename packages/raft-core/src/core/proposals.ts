/** Proposals: taken by a leader within limits, and what is known of them when its leadership ends. */
import { isVoter } from "./configuration.ts";
import type { ConsensusState } from "./consensus-state.ts";
import { entrySizeBytes } from "./log.ts";
import type { LostProposals } from "./outbox.ts";
import type { ProposeOutcome, ProposeRefusal } from "./outcomes.ts";
import type { DroppedProposal } from "./ready.ts";
import type { Entry } from "../types.ts";

/** Appends all or none. They are sent and written with the next ready. */
export function appendProposals(state: ConsensusState, data: readonly Uint8Array[]): ProposeOutcome {
  const { leadership, leader, log, term, config } = state;
  const refused = (reason: ProposeRefusal): ProposeOutcome => ({ accepted: false, reason, leader });
  if (leadership === undefined) return refused("notLeader");
  if (leadership.transfer !== undefined) return refused("transferring");
  // Its removal commits within a round trip; what it took now would only end as unknown.
  if (!isVoter(log.configuration, state.id)) return refused("retiring");
  if (data.length === 0) return refused("empty");
  const firstIndex = log.lastIndex + 1;
  const entries = data.map((bytes, at): Entry => ({
    index: firstIndex + at,
    term,
    type: "normal",
    data: bytes,
  }));
  const sizeBytes = entries.reduce((sum, entry) => sum + entrySizeBytes(entry), 0);
  const { uncommittedBytes } = leadership;
  // When nothing is uncommitted even an oversized one is taken: it could not be taken later either.
  if (uncommittedBytes > 0 && uncommittedBytes + sizeBytes > config.maxUncommittedBytes) {
    return refused("tooMuchUncommitted");
  }
  leadership.uncommittedBytes += sizeBytes;
  for (const entry of entries) log.append(entry);
  return { accepted: true, firstIndex, term };
}

/**
 * Says what is known of proposals whose leader stepped down. An index that is committed meanwhile
 * decides: in the proposals' term, they are committed and need no word; in another, all from there
 * on are gone. The rest may still go either way.
 */
export function resolveLost(state: ConsensusState, lost: LostProposals): DroppedProposal[] {
  const { term } = lost;
  const dropped: DroppedProposal[] = [];
  let isGone = false;
  for (let index = lost.from; index <= lost.to; index += 1) {
    const committedTerm = index <= state.commitIndex ? state.log.termAt(index) : undefined;
    if (committedTerm === term) continue;
    isGone ||= committedTerm !== undefined;
    dropped.push({ index, term, outcome: isGone ? "dropped" : "unknown" });
  }
  return dropped;
}
