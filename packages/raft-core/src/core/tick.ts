/** What the passing of time does. */
import { NO_NODE } from "../types.ts";
import type { ConsensusState } from "./consensus-state.ts";
import { campaign } from "./election.ts";
import { broadcastHeartbeat } from "./heartbeat.ts";
import type { Leadership } from "./leadership.ts";
import { askForLease } from "./lease.ts";
import { promoteCaughtUp } from "./membership-change.ts";
import { isQuorum } from "./quorum.ts";
import { confirmReads, expireForwardedReads } from "./reads.ts";
import { becomeFollower } from "./roles.ts";
import { tickTransfer } from "./transfer.ts";

export function tick(state: ConsensusState): void {
  state.tick += 1;
  if (state.leadership !== undefined) tickLeader(state, state.leadership);
  else tickFollower(state);
}

function tickFollower(state: ConsensusState): void {
  expireForwardedReads(state);
  state.electionElapsedTicks += 1;
  if (state.electionElapsedTicks >= state.electionTimeoutTicks) campaign(state, "timeout");
}

function tickLeader(state: ConsensusState, leadership: Leadership): void {
  leadership.quorumElapsedTicks += 1;
  if (leadership.quorumElapsedTicks >= state.config.electionTicks && !checkQuorum(state, leadership)) {
    becomeFollower(state, state.term, NO_NODE);
    return;
  }
  tickTransfer(state, leadership);
  promoteCaughtUp(state, leadership);
  leadership.heartbeatElapsedTicks += 1;
  if (leadership.heartbeatElapsedTicks < state.config.heartbeatTicks) return;
  askForLease(state, leadership);
  broadcastHeartbeat(state, leadership);
  // A leader that votes alone is answered by nobody.
  confirmReads(state, leadership);
}

/** Whether a quorum was heard since the last check (dissertation 6.2). Begins the next period. */
function checkQuorum(state: ConsensusState, leadership: Leadership): boolean {
  const { peers } = leadership;
  const isActive = isQuorum(
    state.log.configuration,
    (id) => id === state.id || peers.get(id)?.recentlyActive === true,
  );
  leadership.quorumElapsedTicks = 0;
  for (const peer of peers.values()) peer.recentlyActive = false;
  return isActive || !state.config.checkQuorum;
}
