import { Raft, type RaftConfig, type Ready } from "../../../src/core/raft.ts";
import type { Entry, Message, PersistedState } from "../../../src/types.ts";
import { seededRandom } from "./seeded-random.ts";
import { emptyState, votersOf } from "./states.ts";

/** Node 1 of three, alone with a test that plays the others and the disk. */
export class Solo {
  readonly raft: Raft;

  constructor(persisted: PersistedState = emptyState(votersOf(1, 2, 3)), config: Partial<RaftConfig> = {}) {
    this.raft = new Raft(
      { id: 1, electionTicks: 10, heartbeatTicks: 2, ...config },
      persisted,
      seededRandom(1),
    );
  }

  /** Everything to be done by now, in one; nothing is synced. */
  take(): Ready {
    const all: Ready[] = [];
    for (let ready = this.raft.ready(); ready !== undefined; ready = this.raft.ready()) all.push(ready);
    const last = all[all.length - 1];
    const append = all.find((ready) => ready.append !== undefined)?.append;
    return {
      id: last?.id ?? 0,
      ...(append === undefined ? {} : { append }),
      messages: all.flatMap((ready) => ready.messages),
      messagesAfterAppend: all.flatMap((ready) => ready.messagesAfterAppend),
      committed: all.flatMap((ready) => ready.committed),
      readStates: all.flatMap((ready) => ready.readStates),
      droppedReads: all.flatMap((ready) => ready.droppedReads),
      dropped: all.flatMap((ready) => ready.dropped),
      snapshotRequests: all.flatMap((ready) => ready.snapshotRequests),
      events: all.flatMap((ready) => ready.events),
    };
  }

  /** Takes everything and syncs it. Returns all messages. */
  sync(): Message[] {
    const ready = this.take();
    if (ready.append !== undefined) this.raft.appended(ready.id);
    if (ready.committed.length > 0) this.raft.applied(ready.committed.at(-1)!.index);
    return [...ready.messages, ...ready.messagesAfterAppend];
  }

  /** Wins the next term with the vote of node 2. */
  lead(): void {
    const { raft } = this;
    raft.campaign();
    raft.step({ type: "preVoteResponse", from: 2, to: 1, term: raft.term + 1, granted: true });
    this.sync();
    raft.step({ type: "voteResponse", from: 2, to: 1, term: raft.term, granted: true });
  }

  append(
    from: number,
    term: number,
    prev: readonly [index: number, term: number],
    entries: readonly Entry[],
    leaderCommit: number = 0,
  ): void {
    const [prevLogIndex, prevLogTerm] = prev;
    this.raft.step({
      type: "appendRequest",
      from,
      to: 1,
      term,
      prevLogIndex,
      prevLogTerm,
      entries,
      leaderCommit,
    });
  }

  acknowledge(from: number, index: number): void {
    const { term } = this.raft;
    this.raft.step({
      type: "appendResponse",
      from,
      to: 1,
      term,
      success: true,
      index,
      hintIndex: 0,
      hintTerm: 0,
    });
  }
}

/** The messages of one type. */
export function only<T extends Message["type"]>(
  messages: readonly Message[],
  type: T,
): Extract<Message, { type: T }>[] {
  return messages.filter((message): message is Extract<Message, { type: T }> => message.type === type);
}
