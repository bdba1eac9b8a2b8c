/** Heartbeats: they keep followers quiet and confirm reads, and prove nothing about anyone's log. */
import type { HeartbeatRequest, HeartbeatResponse } from "../types.ts";
import { commitTo } from "./commit.ts";
import type { ConsensusState } from "./consensus-state.ts";
import { askForSnapshot } from "./follower-replication.ts";
import type { Leadership } from "./leadership.ts";
import { remembersPromise } from "./lease.ts";

export function broadcastHeartbeat(state: ConsensusState, leadership: Leadership): void {
  const { id: from, term, commitIndex, outbox } = state;
  leadership.heartbeatElapsedTicks = 0;
  for (const { id: to, matchIndex } of leadership.peers.values()) {
    outbox.send({
      type: "heartbeatRequest",
      from,
      to,
      term,
      // Beyond its match the follower may hold other entries, which this would commit.
      leaderCommit: Math.min(commitIndex, matchIndex),
      readContext: leadership.reads.newestRound,
    });
  }
}

/** On a follower, whose leader the sender is. Says nothing durable, so the answer goes at once; but see leases. */
export function handleHeartbeatRequest(state: ConsensusState, request: HeartbeatRequest): void {
  const { id, term, installing, needsSnapshot, outbox } = state;
  if (installing === undefined) {
    // An idle leader sends no appends to a peer that holds its whole log, so it must hear of the loss here, too.
    if (needsSnapshot) askForSnapshot(state, request.from, 0);
    else commitTo(state, request.leaderCommit);
  }
  const { from: to, readContext } = request;
  const answer: HeartbeatResponse = { type: "heartbeatResponse", from: id, to, term, readContext };
  if (remembersPromise(state)) outbox.send(answer);
  else outbox.sendAfterAppend(answer);
}
