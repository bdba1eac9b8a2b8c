/**
 * Which cluster this node belongs to, decided once for each disk (G1), and which start of the node this is (G2).
 */
import { setTimeout as delay } from "node:timers/promises";
import { foundOrJoin, isFounded, startIdentity } from "@coxswain/raft-core";
import type { FoundedIdentity, Identity, Member, PeerIdentity } from "@coxswain/raft-core";
import type { FileIdentityStore } from "@coxswain/raft-level";
import { v4 as uuid } from "uuid";
import type { Peer } from "./config/values.ts";

/** Between two rounds of asking the other members. */
const ASK_AGAIN_MS = 200;

export interface MembershipOptions {
  readonly self: Peer;
  readonly peers: readonly Peer[];
  readonly store: FileIdentityStore;
  /** Asks another member who it is. */
  readonly identify: (peer: Peer, own: Identity) => Promise<PeerIdentity>;
  /** Told before each wait, with why the others did not answer; empty means waiting for the founder. */
  readonly onWaiting: (unanswered: readonly Unanswered[]) => void;
}

/** A peer that was asked who it is, and did not say. */
export interface Unanswered {
  readonly id: number;
  readonly address: string;
  readonly reason: string;
}

/** The identity on this disk: what the node tells others from its first moment on. */
export class Membership {
  readonly #options: MembershipOptions;
  #identity: Identity;

  private constructor(options: MembershipOptions, identity: Identity) {
    this.#options = options;
    this.#identity = identity;
  }

  /** Loads or makes the identity, and counts this start. */
  static async open(options: MembershipOptions): Promise<Membership> {
    return new Membership(options, await startIdentity(options.store, uuid));
  }

  get identity(): Identity {
    return this.#identity;
  }

  /** The ids that this node's configuration names, itself included. */
  get configured(): number[] {
    return [this.#options.self, ...this.#options.peers].map(({ id }) => id).sort((a, b) => a - b);
  }

  /** Resolves once the node belongs to a cluster. Rejects with a typed error when it may not. */
  async join(signal: AbortSignal): Promise<FoundedIdentity> {
    const { self, peers, store, identify, onWaiting } = this.#options;
    const reasons = new Map<number, string>();
    const founded = await foundOrJoin({
      self,
      peers,
      identity: this.#identity,
      store: {
        load: () => store.load(),
        // What is saved is told at once: the other members wait for it.
        save: async (identity) => {
          await store.save(identity);
          this.#identity = identity;
        },
      },
      identify: async (peer) => {
        try {
          return await identify(peer, this.#identity);
        } catch (error) {
          reasons.set(peer.id, error instanceof Error ? error.message : String(error));
          throw error;
        }
      },
      wait: () => delay(ASK_AGAIN_MS, undefined, { signal }).catch(() => {}),
      newClusterId: uuid,
      signal,
      onWaiting: (ids) => {
        const unanswered = peers.filter(({ id }) => ids.includes(id));
        onWaiting(unanswered.map(({ id, address }) => ({ id, address, reason: reasons.get(id) ?? "" })));
      },
    });
    this.#identity = founded;
    return founded;
  }

  /** The members as the founding named them, at the addresses that this node's configuration gives now: members may move. */
  membersOf({ members }: FoundedIdentity): Member[] {
    const configured = new Map(this.#options.peers.map(({ id, address }) => [id, address]));
    return members.map((member) => ({ ...member, address: configured.get(member.id) ?? member.address }));
  }

  /** Ids in the configuration that are no members: they are not heard. */
  strangersTo({ members }: FoundedIdentity): number[] {
    return this.configured.filter((id) => !members.some((member) => member.id === id));
  }

  /** Counts another start of this node on disk and returns its number (G2). */
  async nextIncarnation(): Promise<number> {
    const identity = { ...this.#identity, starts: this.#identity.starts + 1 };
    await this.#options.store.save(identity);
    this.#identity = identity;
    return identity.starts;
  }

  /** Whether the node belongs to a cluster. */
  get founded(): boolean {
    return isFounded(this.#identity);
  }
}
