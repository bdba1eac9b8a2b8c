/**
 * Which stream of a kind each peer has: one at a time.
 */
import type { Member, NodeId } from "@coxswain/raft-core";
import { StreamReplacedError, UnknownMemberError } from "./errors.ts";

export interface Turn {
  readonly member: Member;
  /** Aborts, with the reason as an error, when the stream must end. */
  readonly signal: AbortSignal;
}

export class Turns {
  readonly #turns = new Map<NodeId, { member: Member; controller: AbortController }>();

  /** The peer's new stream. A second one means that the first broke without our noticing: it ends. */
  take(member: Member): Turn {
    this.#turns.get(member.id)?.controller.abort(new StreamReplacedError(member.id));
    const controller = new AbortController();
    this.#turns.set(member.id, { member, controller });
    return { member, signal: controller.signal };
  }

  /** The stream is over. */
  end({ member, signal }: Turn): void {
    if (this.#turns.get(member.id)?.controller.signal === signal) this.#turns.delete(member.id);
  }

  /** Ends the streams of those that are members no more, or with another disk. */
  keepOnly(members: ReadonlyMap<NodeId, Member>): void {
    for (const [id, { member, controller }] of this.#turns) {
      if (members.get(id)?.uuid !== member.uuid) controller.abort(new UnknownMemberError(id));
    }
  }

  endAll(reason: Error): void {
    for (const { controller } of this.#turns.values()) controller.abort(reason);
  }
}
