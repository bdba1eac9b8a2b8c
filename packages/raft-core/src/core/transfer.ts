/** Leadership transfer: catch the transferee up, then tell it to campaign (dissertation 3.10). */
import type { NodeId } from "../types.ts";
import { isVoter } from "./configuration.ts";
import type { ConsensusState } from "./consensus-state.ts";
import type { Leadership } from "./leadership.ts";
import type { TransferOutcome } from "./outcomes.ts";
import { endTransfer } from "./roles.ts";

export function beginTransfer(state: ConsensusState, to: NodeId): TransferOutcome {
  const { leadership, leader, id, log } = state;
  if (leadership === undefined) return { accepted: false, reason: "notLeader", leader };
  if (to === id) return { accepted: false, reason: "alreadyLeader", leader };
  if (!leadership.peers.has(to) || !isVoter(log.configuration, to)) {
    return { accepted: false, reason: "notVoter", leader };
  }
  if (leadership.transfer?.to === to) return { accepted: true };
  endTransfer(state, leadership, "replaced");
  leadership.transfer = { to, elapsedTicks: 0, isTimeoutNowSent: false };
  sendTimeoutNowIfReady(state, leadership);
  return { accepted: true };
}

/**
 * No proposals are taken during a transfer, so the log's end is where the transferee must arrive. What was
 * taken before is committed first: then stepping down leaves no client in doubt.
 */
export function sendTimeoutNowIfReady(state: ConsensusState, leadership: Leadership): void {
  const { transfer, peers } = leadership;
  if (transfer === undefined || transfer.isTimeoutNowSent) return;
  const { lastIndex } = state.log;
  if (peers.get(transfer.to)?.matchIndex !== lastIndex || state.commitIndex !== lastIndex) return;
  transfer.isTimeoutNowSent = true;
  leadership.lease.giveUp();
  state.outbox.send({ type: "timeoutNow", from: state.id, to: transfer.to, term: state.term });
}

/** Gives up after an election timeout: the transferee is down or too far behind, and clients wait. */
export function tickTransfer(state: ConsensusState, leadership: Leadership): void {
  const { transfer } = leadership;
  if (transfer === undefined) return;
  transfer.elapsedTicks += 1;
  if (transfer.elapsedTicks >= state.config.electionTicks) endTransfer(state, leadership, "timedOut");
}
