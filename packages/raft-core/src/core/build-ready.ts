/** Turns what the rules have gathered into one {@link Ready}. */
import type { AppendBatch, Entry, HardState } from "../types.ts";
import type { ConsensusState } from "./consensus-state.ts";
import { flushAppends } from "./leader-replication.ts";
import { finishRemovals, leaveJointIfCommitted } from "./membership-change.ts";
import { Outbox } from "./outbox.ts";
import { resolveLost } from "./proposals.ts";
import { issueReadRound } from "./reads.ts";
import type { Ready } from "./ready.ts";

/** Undefined when there is nothing to do. */
export function buildReady(state: ConsensusState): Ready | undefined {
  const { leadership } = state;
  if (leadership !== undefined) {
    leaveJointIfCommitted(state, leadership);
    issueReadRound(state, leadership);
    flushAppends(state, leadership);
    finishRemovals(state, leadership);
  }
  tellConfiguration(state);
  const append = takeAppend(state);
  const committed = takeCommitted(state);
  if (append === undefined && committed.length === 0 && state.outbox.isEmpty) return undefined;
  const outbox = state.outbox;
  state.outbox = new Outbox();
  if (append === undefined && state.writes.isIdle) releaseAtOnce(outbox);
  const { messages, messagesAfterAppend, readStates, droppedReads, lostProposals, snapshotRequests, events } =
    outbox;
  const dropped = lostProposals.flatMap((lost) => resolveLost(state, lost));
  const id = state.writes.lastId;
  const ready = {
    id,
    messages,
    messagesAfterAppend,
    committed,
    readStates,
    droppedReads,
    dropped,
    snapshotRequests,
    events,
  };
  // Not spread into a new object: this runs for every message of a busy node.
  return append === undefined ? ready : Object.assign(ready, { append });
}

/** Also a configuration that came back because the entry after it was replaced. */
function tellConfiguration(state: ConsensusState): void {
  const { configuration, configurationIndex: index } = state.log;
  if (configuration === state.toldConfiguration) return;
  state.toldConfiguration = configuration;
  state.outbox.events.push({ type: "configurationChanged", configuration, index });
}

/** With nothing on its way to the disk there is nothing to wait for. */
function releaseAtOnce(outbox: Outbox): void {
  for (const message of outbox.messagesAfterAppend) outbox.messages.push(message);
  outbox.messagesAfterAppend.length = 0;
}

/** Everything the storage has not been given yet, as one batch: however many proposals, one sync. */
function takeAppend(state: ConsensusState): AppendBatch | undefined {
  const { log, writes, term, votedFor, writtenHardState, writtenIndex } = state;
  const isHardStateNew = term !== writtenHardState.term || votedFor !== writtenHardState.votedFor;
  const hasEntries = log.lastIndex > writtenIndex;
  if (!isHardStateNew && !hasEntries) return undefined;
  const hardState: HardState | undefined = isHardStateNew ? { term, votedFor } : undefined;
  const entries = log.slice(writtenIndex + 1, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  const id = writes.begin(hasEntries ? log.lastIndex : 0, hardState);
  state.writtenHardState = hardState ?? writtenHardState;
  state.writtenIndex = log.lastIndex;
  return hardState === undefined ? { id, entries } : { id, hardState, entries };
}

/** None while the state that they would be applied to is being replaced, or lost. */
function takeCommitted(state: ConsensusState): readonly Entry[] {
  const { log, config, commitIndex, handedIndex, appliedIndex, installing, needsSnapshot } = state;
  const room = config.maxUnappliedEntries - (handedIndex - appliedIndex);
  const count = Math.min(commitIndex - handedIndex, room);
  if (count <= 0 || installing !== undefined || needsSnapshot) return [];
  const committed = log.slice(handedIndex + 1, count, config.maxCommittedBytes);
  state.handedIndex += committed.length;
  return committed;
}
