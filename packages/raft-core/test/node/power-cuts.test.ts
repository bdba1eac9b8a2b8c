import { describe, expect, test } from "@jest/globals";
import { type Message, MemoryLogStorage, type NodeId, setCommand } from "../../src/index.ts";
import { Cluster, type Place, rejection } from "./cluster.ts";

const VICTIM: NodeId = 1;
const SETTINGS = { logMaxEntries: 12, logTailShare: 0.25, snapshotRetryMs: { min: 50, max: 100 } };
const ROUNDS = 12;

/** A fixed run of three nodes in which the power of one is cut at a chosen call of its storage. */
class Run {
  readonly cluster = new Cluster(3, SETTINGS);
  readonly acknowledged: string[] = [];
  /** Calls of the victim's storage since it started. */
  calls = 0;
  readonly #cutAt: number;
  readonly #keepUnsynced: number;
  /** What the victim said that must outlive its memory. */
  readonly #promises: Message[] = [];
  #releaseDisk: (() => void) | undefined;
  #counting = false;

  /** The call at fault is lost with `keepUnsynced` 0; with 1 it was durable, but never acknowledged. */
  constructor(cutAt: number, keepUnsynced: number) {
    this.#cutAt = cutAt;
    this.#keepUnsynced = keepUnsynced;
    this.victim.storage = new MemoryLogStorage({ sync: () => this.#sync() });
    this.cluster.network.allow((message) => {
      if (message.from === VICTIM && isPromise(message)) this.#promises.push(message);
      return true;
    });
  }

  get victim(): Place {
    return this.cluster.place(VICTIM);
  }

  async play(): Promise<void> {
    for (const { id } of this.cluster.places) await this.cluster.start(id);
    this.#counting = true;
    for (let round = 0; round < ROUNDS; round++) {
      await this.cluster.clock.advance(200);
      if (this.#releaseDisk !== undefined) await this.#cutPower();
      this.#act(round);
    }
    this.cluster.network.heal();
    await this.cluster.clock.advance(500);
    this.#counting = false;
    if (this.#releaseDisk !== undefined) await this.#cutPower();
    const leader = await this.cluster.leader();
    await this.cluster.result(leader.node.propose(setCommand("last", "x")));
    await this.cluster.converge();
  }

  #act(round: number): void {
    const leader = this.cluster.currentLeader();
    for (let i = 0; leader !== undefined && i < 6; i++) {
      const key = `${round}.${i}`;
      leader.node.propose(setCommand(key, "x")).then(
        () => this.acknowledged.push(key),
        () => undefined,
      );
    }
    if (round === 3 || round === 6) {
      const to = round === 3 ? VICTIM : 2;
      if (leader !== undefined) void rejection(leader.node.transferLeadership(to)).catch(() => undefined);
    }
    if (round === 7) this.cluster.network.isolate(VICTIM);
    if (round === 10) this.cluster.network.heal();
  }

  #sync(): Promise<void> {
    if (!this.#counting || ++this.calls !== this.#cutAt) return Promise.resolve();
    return new Promise((resolve) => (this.#releaseDisk = resolve));
  }

  async #cutPower(): Promise<void> {
    const crashed = this.cluster.crash(this.victim, this.#keepUnsynced);
    this.#releaseDisk?.();
    this.#releaseDisk = undefined;
    await crashed;
    await this.#checkPromises();
    await this.cluster.start(VICTIM);
  }

  async #checkPromises(): Promise<void> {
    const { hardState, snapshot, entries } = await this.victim.storage.load();
    for (const message of this.#promises) {
      expect(hardState.term).toBeGreaterThanOrEqual(message.term);
      if (message.term < hardState.term) continue;
      if (message.type === "voteRequest") expect(hardState.votedFor).toBe(VICTIM);
      if (message.type === "voteResponse") expect(hardState.votedFor).toBe(message.to);
      if (message.type === "appendResponse")
        expect(snapshot.index + entries.length).toBeGreaterThanOrEqual(message.index);
    }
  }
}

function isPromise(message: Message): boolean {
  if (message.type === "voteResponse") return message.granted;
  return message.type === "voteRequest" || (message.type === "appendResponse" && message.success);
}

describe("scenario 7: the power is cut at every call of the storage", () => {
  test.each([
    { keepUnsynced: 0, fate: "is lost" },
    { keepUnsynced: 1, fate: "was durable and not yet told" },
  ])(
    "when that call $fate, term and vote do not go back, and nothing acknowledged is lost",
    async ({ keepUnsynced }) => {
      const undisturbed = new Run(Infinity, 0);
      await undisturbed.play();
      const { calls } = undisturbed;
      expect(undisturbed.victim.eventsOf("snapshotInstalled").length).toBeGreaterThan(0);
      expect(undisturbed.victim.eventsOf("logCompacted").length).toBeGreaterThan(0);
      await undisturbed.cluster.stop();
      for (let cutAt = 1; cutAt <= calls; cutAt++) {
        const run = new Run(cutAt, keepUnsynced);
        await run.play();
        const { places } = run.cluster;
        for (const { stateMachine, events } of places) {
          const lost = run.acknowledged.filter((key) => stateMachine.get(key) === undefined);
          const fatal = events.filter(({ type }) => type === "fatal");
          expect({ cutAt, lost, fatal }).toEqual({ cutAt, lost: [], fatal: [] });
        }
        expect(run.acknowledged.length).toBeGreaterThan(0);
        await run.cluster.stop();
      }
    },
  );
});

test("scenario 6: a node whose last record was torn off restarts with what is left, and rejoins", async () => {
  const { cluster, leader } = await Cluster.led(3);
  const [follower] = cluster.others(leader) as [Place];
  let torn: (() => void) | undefined;
  await cluster.crash(follower);
  follower.storage = follower.storage.crash({ sync: () => new Promise((resolve) => (torn = resolve)) });
  void cluster.start(follower.id).catch(() => undefined);
  await cluster.clock.advance(50);
  void rejection(leader.node.propose(setCommand("a", "1"))).catch(() => undefined);
  await cluster.clock.advance(200);
  expect(follower.storage.unsyncedChanges).toBeGreaterThan(0);
  const crashed = cluster.crash(follower);
  torn?.();
  await crashed;
  follower.storage = follower.storage.crash({ sync: () => Promise.resolve() });
  await cluster.start(follower.id);
  await cluster.converge();
  expect(follower.stateMachine.get("a")).toBe("1");
  await cluster.stop();
});
