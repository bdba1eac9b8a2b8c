/** How a trace writes down what nodes say and are. */
import { decodeConfiguration } from "../../../src/core/configuration.ts";
import type { ProposeOutcome, RaftEvent, Status } from "../../../src/core/raft.ts";
import type { Configuration, Entry, Message } from "../../../src/types.ts";
import type { Packet, SimNode } from "../../core/harness/sim-node.ts";
import { textOf } from "../../core/harness/states.ts";

export function printPacket(packet: Packet): string {
  switch (packet.type) {
    case "message":
      return printMessage(packet.message);
    case "snapshot": {
      const { term, snapshot } = packet.request;
      const { index, term: lastTerm, configuration } = snapshot;
      return `snapshot term ${term}, state up to ${index}@${lastTerm}, ${printConfiguration(configuration)}`;
    }
    case "snapshotResult":
      return packet.meta === undefined
        ? "snapshotResult failed"
        : `snapshotResult installed ${packet.meta.index}`;
  }
}

function printMessage(message: Message): string {
  return `${message.type} term ${message.term}${printBody(message)}`;
}

function printBody(message: Message): string {
  switch (message.type) {
    case "preVoteRequest":
      return `, log ends ${message.lastLogIndex}@${message.lastLogTerm}`;
    case "voteRequest":
      return `, log ends ${message.lastLogIndex}@${message.lastLogTerm}${message.transfer ? ", transfer" : ""}`;
    case "preVoteResponse":
    case "voteResponse":
      return message.granted ? ", granted" : ", refused";
    case "appendRequest": {
      const entries = message.entries.map(printEntry).join(" ");
      return `, after ${message.prevLogIndex}@${message.prevLogTerm} [${entries}], commit ${message.leaderCommit}`;
    }
    case "appendResponse":
      return message.success
        ? `, holds ${message.index}`
        : `, refuses after ${message.index}, try ${message.hintIndex}@${message.hintTerm}`;
    case "heartbeatRequest":
      return `, commit ${message.leaderCommit}${printRound(message.readContext)}`;
    case "heartbeatResponse":
      return printRound(message.readContext);
    case "snapshotRequest":
      return `, state up to ${message.snapshot.index}@${message.snapshot.term}`;
    case "timeoutNow":
    case "readIndexRequest":
      return "";
    case "readIndexResponse":
      return message.index === 0 ? ", refused" : `, index ${message.index}`;
  }
}

function printRound(round: number): string {
  return round === 0 ? "" : `, read round ${round}`;
}

export function printEntry(entry: Entry): string {
  const { index, term, type, data } = entry;
  if (type === "noop") return `${index}@${term} noop`;
  if (type === "config") return `${index}@${term} {${printConfiguration(decodeConfiguration(data))}}`;
  const text = textOf(data);
  return text === `${index}@${term}` ? text : `${index}@${term} "${text}"`;
}

export function printConfiguration({ voters, votersOutgoing, learners }: Configuration): string {
  const joint = votersOutgoing.length === 0 ? "" : ` and ${votersOutgoing.join(" ")}`;
  return `voters ${voters.join(" ")}${joint}${learners.length === 0 ? "" : `, learners ${learners.join(" ")}`}`;
}

export function printEvent(event: RaftEvent): string {
  switch (event.type) {
    case "termChanged":
      return `term ${event.term}`;
    case "roleChanged":
      return `${event.role}`;
    case "leaderChanged":
      return event.leader === 0 ? "knows no leader" : `follows n${event.leader}`;
    case "leaderElected":
      return `won term ${event.term}, opens it with entry ${event.noopIndex}`;
    case "configurationChanged":
      return `in force by entry ${event.index}: ${printConfiguration(event.configuration)}`;
    case "transferEnded":
      return `transfer to n${event.to} ended: ${event.outcome}`;
  }
}

/** One line for each node. */
export function printState(node: SimNode): string {
  if (!node.isUp) return `n${node.id} down`;
  const status = node.raft.status();
  const { role, term, votedFor, firstIndex, lastIndex, stableIndex, commitIndex } = status;
  const log = lastIndex < firstIndex ? `log empty after ${lastIndex}` : `log ${firstIndex}..${lastIndex}`;
  return (
    `n${node.id} ${role} term ${term}, vote ${votedFor === 0 ? "none" : `n${votedFor}`}, ${log}` +
    `${stableIndex < lastIndex ? `, durable ${stableIndex}` : ""}, commit ${commitIndex}${printPeers(status)}`
  );
}

function printPeers({ peers }: Status): string {
  if (peers.length === 0) return "";
  return `; ${peers.map(({ id, matchIndex, state }) => `n${id} ${state} match ${matchIndex}`).join(", ")}`;
}

export function printLog({ id, raft }: SimNode): string {
  const { firstIndex } = raft.status();
  const held = raft.entries(firstIndex, 1000).map(printEntry).join(" ");
  const covered = firstIndex > 1 ? `(up to ${firstIndex - 1} in a snapshot) ` : "";
  return `n${id} ${covered}${held}`.trimEnd();
}

export function printOutcome(outcome: ProposeOutcome): string {
  if (outcome.accepted) return `takes it as entry ${outcome.firstIndex} of term ${outcome.term}`;
  const hint = outcome.reason === "notLeader" && outcome.leader !== 0 ? `, n${outcome.leader} leads` : "";
  return `refuses: ${outcome.reason}${hint}`;
}
