/**
 * Majorities. In a joint configuration a decision needs one of `voters` and one of `votersOutgoing`
 * (dissertation 4.3); otherwise `votersOutgoing` is empty and has no say.
 */
import type { Configuration, NodeId } from "../types.ts";

export type VoteResult = "won" | "lost" | "pending";

/** How many of `count` voters decide. */
export function majorityOf(count: number): number {
  return Math.floor(count / 2) + 1;
}

/** The highest value that a quorum has reached; `valueOf` says what each voter has reached. */
export function quorumValue(configuration: Configuration, valueOf: (id: NodeId) => number): number {
  const incoming = majorityValue(configuration.voters, valueOf);
  if (configuration.votersOutgoing.length === 0) return incoming;
  return Math.min(incoming, majorityValue(configuration.votersOutgoing, valueOf));
}

/** Counts an election. `voteOf` gives undefined while a voter has not answered. */
export function countVotes(
  configuration: Configuration,
  voteOf: (id: NodeId) => boolean | undefined,
): VoteResult {
  const incoming = majorityVote(configuration.voters, voteOf);
  if (configuration.votersOutgoing.length === 0) return incoming;
  const outgoing = majorityVote(configuration.votersOutgoing, voteOf);
  if (incoming === "lost" || outgoing === "lost") return "lost";
  return incoming === "won" && outgoing === "won" ? "won" : "pending";
}

/** Whether the nodes for which `holds` is true can decide without the others. */
export function isQuorum(configuration: Configuration, holds: (id: NodeId) => boolean): boolean {
  return countVotes(configuration, holds) === "won";
}

function majorityValue(voters: readonly NodeId[], valueOf: (id: NodeId) => number): number {
  // Insertion into a short descending list: quorums are small and this runs for every acknowledgement.
  const needed = majorityOf(voters.length);
  const highest: number[] = [];
  for (const id of voters) {
    const value = valueOf(id);
    let at = highest.length;
    while (at > 0 && (highest[at - 1] ?? 0) < value) at -= 1;
    if (at >= needed) continue;
    highest.splice(at, 0, value);
    if (highest.length > needed) highest.pop();
  }
  return highest[needed - 1] ?? 0;
}

function majorityVote(voters: readonly NodeId[], voteOf: (id: NodeId) => boolean | undefined): VoteResult {
  const needed = majorityOf(voters.length);
  let granted = 0;
  let refused = 0;
  for (const id of voters) {
    const vote = voteOf(id);
    if (vote === true) granted += 1;
    else if (vote === false) refused += 1;
  }
  if (granted >= needed) return "won";
  return voters.length - refused < needed ? "lost" : "pending";
}
