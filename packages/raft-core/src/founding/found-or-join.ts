/**
 * How a node comes to belong to a cluster, exactly once for each disk (G1).
 *
 * All members, not a majority, must answer before a cluster is founded, so that every vote of
 * its life is bound to a disk. The member with the lowest id founds; the others adopt what it
 * saved, if it names the disk they have.
 */
import type { NodeId } from "../types.ts";
import type { FoundedIdentity, Identity, IdentityStore, Member, PeerIdentity } from "./identity.ts";
import { isFounded } from "./identity.ts";
import { FoundingAbortedError } from "./errors.ts";
import { checkAnswers, checkOwnIdentity, checkPeers } from "./check.ts";
import { clusterThatNamesMe } from "./adopt.ts";

/** A node as the configuration names it. */
export interface ConfiguredNode {
  readonly id: NodeId;
  /** `host:port`. */
  readonly address: string;
}

/** What {@link foundOrJoin} needs of its node: who it is, whom it may ask, and how. */
export interface FoundOrJoinOptions {
  readonly self: ConfiguredNode;
  /** The other members; empty founds a cluster of one. */
  readonly peers: readonly ConfiguredNode[];
  /** As saved: see `startIdentity`. */
  readonly identity: Identity;
  readonly store: IdentityStore;
  /** Asks a peer who it is. A rejection means that it did not answer: it is asked again. */
  readonly identify: (peer: ConfiguredNode) => Promise<PeerIdentity>;
  /** Resolves when it is time to ask again. */
  readonly wait: () => Promise<void>;
  /** Makes a new unique cluster id. */
  readonly newClusterId: () => string;
  /** Calls the start off. Default: it waits as long as it takes. */
  readonly signal?: AbortSignal;
  /** Told before each wait, with the peers that did not answer; empty means waiting for the founder. */
  readonly onWaiting?: (unanswered: readonly NodeId[]) => void;
}

/**
 * Resolves, once the identity that belongs to a cluster is durable. Rejects with a
 * `FoundingError` when this node may not take part; nothing is saved then.
 */
export async function foundOrJoin(options: FoundOrJoinOptions): Promise<FoundedIdentity> {
  const { self, peers, identity } = options;
  if (isFounded(identity)) {
    checkOwnIdentity(self.id, identity);
    return identity;
  }
  checkPeers(self.id, peers);
  let unanswered: readonly NodeId[] = peers.map((peer) => peer.id);
  for (;;) {
    throwIfAborted(options, unanswered);
    const answers = await askAll(options);
    throwIfAborted(options, unanswered);
    const founded = await decide(options, answers);
    if (founded) return founded;
    unanswered = peers.map((peer) => peer.id).filter((id) => !answers.has(id));
    options.onWaiting?.(unanswered);
    await untilAborted(options.wait(), options.signal);
  }
}

/** One round: adopt, found, refuse (throws), or `undefined` to wait. */
async function decide(
  options: FoundOrJoinOptions,
  answers: ReadonlyMap<NodeId, PeerIdentity>,
): Promise<FoundedIdentity | undefined> {
  const { self, peers, identity } = options;
  const all = [...answers.values()];
  const cluster = clusterThatNamesMe(self.id, identity.nodeUuid, all);
  if (cluster) return save(options, cluster.clusterId, cluster.members);
  checkAnswers(options, answers);
  const isLowest = peers.every((peer) => self.id < peer.id);
  if (!isLowest || answers.size < peers.length) return undefined;
  return save(options, options.newClusterId(), foundingMembers(options, answers));
}

function foundingMembers(options: FoundOrJoinOptions, answers: ReadonlyMap<NodeId, PeerIdentity>): Member[] {
  const members: Member[] = [{ ...options.self, uuid: options.identity.nodeUuid }];
  for (const peer of options.peers) {
    const answer = answers.get(peer.id);
    if (!answer) throw new Error(`invariant broken: founding without an answer of node ${peer.id}`);
    members.push({ id: peer.id, address: peer.address, uuid: answer.uuid });
  }
  return members.sort((a, b) => a.id - b.id);
}

/** Durable before anyone is told: a founder that forgot its cluster could found a second one. */
async function save(
  options: FoundOrJoinOptions,
  clusterId: string,
  members: readonly Member[],
): Promise<FoundedIdentity> {
  const founded: FoundedIdentity = { ...options.identity, clusterId, members };
  await options.store.save(founded);
  return founded;
}

async function askAll(options: FoundOrJoinOptions): Promise<Map<NodeId, PeerIdentity>> {
  const round = Promise.allSettled(options.peers.map((peer) => options.identify(peer)));
  const outcomes = (await untilAborted(round, options.signal)) ?? [];
  const answers = new Map<NodeId, PeerIdentity>();
  for (const [position, peer] of options.peers.entries()) {
    const outcome = outcomes[position];
    if (outcome?.status === "fulfilled") answers.set(peer.id, outcome.value);
  }
  return answers;
}

function throwIfAborted(options: FoundOrJoinOptions, unanswered: readonly NodeId[]): void {
  if (options.signal?.aborted)
    throw new FoundingAbortedError(options.self.id, unanswered, options.signal.reason);
}

/** The outcome of `promise`, or `undefined` as soon as the signal aborts. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T | undefined> {
  if (signal === undefined) return promise;
  let stop: (() => void) | undefined;
  const aborted = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) resolve(undefined);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (stop) signal.removeEventListener("abort", stop);
  }
}
