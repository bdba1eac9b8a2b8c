import type { AppendResponse, Message } from "../types.ts";
import type { DroppedRead, RaftEvent, ReadState, SnapshotToSend } from "./ready.ts";

/** Uncommitted proposals of a leadership that ended; what became of them is told by the next ready. */
export interface LostProposals {
  readonly from: number;
  readonly to: number;
  readonly term: number;
}

/** What the next ready will carry, gathered by the rules as they run. */
export class Outbox {
  readonly messages: Message[] = [];
  readonly messagesAfterAppend: Message[] = [];
  readonly readStates: ReadState[] = [];
  readonly droppedReads: DroppedRead[] = [];
  readonly snapshotRequests: SnapshotToSend[] = [];
  readonly events: RaftEvent[] = [];
  readonly lostProposals: LostProposals[] = [];

  get isEmpty(): boolean {
    return (
      this.messages.length === 0 &&
      this.messagesAfterAppend.length === 0 &&
      this.readStates.length === 0 &&
      this.droppedReads.length === 0 &&
      this.snapshotRequests.length === 0 &&
      this.events.length === 0 &&
      this.lostProposals.length === 0
    );
  }

  /** For what promises nothing about this node's disk. */
  send(message: Message): void {
    this.messages.push(message);
  }

  /** For what acknowledges something that must survive a crash: the term, a vote, entries. */
  sendAfterAppend(message: Message): void {
    this.messagesAfterAppend.push(message);
  }

  /** Acknowledges entries. One answer for the last of them does for all that wait together. */
  acknowledge(response: AppendResponse): void {
    const waiting = this.messagesAfterAppend;
    const previous = waiting[waiting.length - 1];
    const isSuperseded =
      previous?.type === "appendResponse" && previous.to === response.to && previous.term === response.term;
    if (!isSuperseded) waiting.push(response);
    else if (response.index > previous.index) waiting[waiting.length - 1] = response;
  }
}
