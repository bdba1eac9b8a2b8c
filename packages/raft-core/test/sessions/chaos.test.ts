/**
 * Clients increment counters over a way that loses requests and answers, brings copies late and asks the wrong
 * node, while nodes crash, restart from what they saved, are cut off and catch up by snapshot. All of it is drawn
 * from a seed. With sessions each increment applies once; the same run without them applies some of them twice.
 */
import { describe, expect, test } from "@jest/globals";
import {
  encodeSessionEntry,
  NotLeaderError,
  ProposalOutcomeUnknownError,
  Session,
  type SessionPropose,
  type SessionResult,
} from "../../src/index.ts";
import { Delivery } from "../../src/sessions/delivery.ts";
import { sequenceOf } from "../node/cluster.ts";
import { increment } from "./counters.ts";
import { SessionCluster, type SessionPlace } from "./session-cluster.ts";

type Result = number | undefined;
/** Has one increment applied, whatever that takes, and tells the count that it led to. */
type Client = (name: string, signal?: AbortSignal) => Promise<Result>;

const SEEDS = Array.from({ length: 12 }, (_, i) => 500 + i);
const CLIENTS = 3;
const INCREMENTS = 25;
const RETRY = { retryMs: { min: 10, max: 200 }, attemptTimeoutMs: 600 };

class Chaos {
  readonly cluster = new SessionCluster();
  /** What was answered, by counter. */
  readonly answers = new Map<string, Result>();
  readonly failures: string[] = [];
  /** Copies that were brought late. */
  lateCopies = 0;
  crashes = 0;
  readonly #random: () => number;
  #begun = 0;
  #ended = 0;

  constructor(seed: number) {
    this.#random = sequenceOf(seed);
  }

  /** Starts the cluster, has all clients do their work through the storm, and ends in calm. */
  async run(clientOf: (chaos: Chaos) => Promise<Client>): Promise<void> {
    for (const place of this.cluster.places) await this.cluster.start(place);
    await this.cluster.until(() => this.cluster.leader() !== undefined, "a leader is ready");
    for (let client = 0; client < CLIENTS; client++) void this.#work(client, clientOf(this));
    const all = CLIENTS * INCREMENTS;
    for (let step = 0; this.#ended < all && step < 3_000; step++) {
      await this.#act();
      await this.cluster.clock.advance(10 * this.#below(6));
    }
    await this.cluster.calm();
    await this.cluster.until(() => this.#ended === all, "every increment has ended");
    await this.cluster.clock.advance(3_000);
    await this.cluster.calm();
  }

  readonly propose: SessionPropose<Result> = async (entry, { signal }) => {
    const dice = this.#below(20);
    if (dice < 2) return this.#silence();
    if (dice < 4) throw new Error("The connection was reset on the way there.");
    if (dice < 7) this.#bringLate(entry);
    const answer = await this.#bring(entry, signal);
    if (dice >= 17) throw new ProposalOutcomeUnknownError("The answer was lost.");
    return answer;
  };

  /** Two at a time, now and then given up. */
  async #work(client: number, opening: Promise<Client>): Promise<void> {
    const apply = await opening;
    const lane = async (): Promise<void> => {
      while (this.#begun < CLIENTS * INCREMENTS) await this.#increment(apply, `c${client} n${this.#begun++}`);
    };
    await Promise.all([lane(), lane()]);
  }

  async #increment(apply: Client, name: string): Promise<void> {
    const caller = new AbortController();
    const givesUp = this.#below(10) === 0;
    const forget = this.cluster.clock.after(givesUp ? this.#below(100) : 1e9, () => caller.abort());
    try {
      this.answers.set(name, await apply(name, caller.signal));
    } catch (error) {
      if (!givesUp) this.failures.push(`${name}: ${String(error)}`);
    } finally {
      forget();
      this.#ended++;
    }
  }

  /** To whoever leads, or, now and then, to any node. */
  async #bring(entry: Uint8Array, signal?: AbortSignal): Promise<SessionResult<Result>> {
    const any = this.cluster.places[this.#below(3)];
    const { node } = (this.#below(8) === 0 ? any : this.cluster.leader()) ?? {};
    if (node === undefined) throw new NotLeaderError(0);
    return node.propose(entry, signal === undefined ? {} : { signal });
  }

  #bringLate(entry: Uint8Array): void {
    this.cluster.clock.after(this.#below(1_500), () => {
      this.lateCopies++;
      this.#bring(entry).catch(() => undefined);
    });
  }

  #silence(): Promise<never> {
    return new Promise(() => {});
  }

  async #act(): Promise<void> {
    const place = this.cluster.places[this.#below(3)] as SessionPlace;
    const dice = this.#below(30);
    if (dice < 2) this.cluster.network.isolate(place.id);
    else if (dice < 6) this.cluster.network.heal();
    else if (dice < 8) await this.#crash(place);
    else if (dice < 14 && place.node === undefined) await this.cluster.start(place);
    else if (dice === 14)
      this.cluster
        .leader()
        ?.node?.transferLeadership()
        .catch(() => undefined);
  }

  async #crash(place: SessionPlace): Promise<void> {
    if (place.node === undefined) return;
    this.crashes++;
    await this.cluster.crash(place);
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}

/** The seed gives the sessions' retries, too. */
const partsOf = (chaos: Chaos) => ({ ...RETRY, clock: chaos.cluster.clock, random: sequenceOf(1) });

async function withSession(chaos: Chaos): Promise<Client> {
  const session = await Session.open(chaos.propose, partsOf(chaos));
  return (name, signal) => session.propose(increment(name), signal === undefined ? {} : { signal });
}

/** Sends again just as a session does, and says nothing of who it is. */
function withoutSession(chaos: Chaos): Promise<Client> {
  const parts = { ...partsOf(chaos), propose: chaos.propose };
  return Promise.resolve(async (name, signal) => {
    const entry = encodeSessionEntry({ kind: "plain", payload: increment(name) });
    const delivery = new Delivery(parts, () => entry);
    signal?.addEventListener("abort", () => delivery.stop(new Error("given up")));
    const answer = await delivery.run();
    return answer.kind === "result" ? answer.result : undefined;
  });
}

describe("through crashes, cuts, lost answers and late copies", () => {
  let [snapshotsInstalled, crashes, lateCopies] = [0, 0, 0];

  test.each(SEEDS)("each increment of a session applies once (seed %i)", async (seed) => {
    const chaos = new Chaos(seed);
    await chaos.run(withSession);
    const [first, ...others] = chaos.cluster.places as [SessionPlace, SessionPlace, SessionPlace];
    expect(chaos.failures).toEqual([]);
    expect(chaos.answers.size).toBeGreaterThan((CLIENTS * INCREMENTS) / 2);
    expect([...chaos.answers].filter(([, count]) => count !== 1)).toEqual([]);
    expect(Object.entries(first.counters).filter(([, count]) => count !== 1)).toEqual([]);
    expect([...chaos.answers.keys()].filter((name) => first.counters[name] !== 1)).toEqual([]);
    for (const other of others) {
      expect(other.counters).toEqual(first.counters);
      expect(other.machine?.sessionStatus()).toEqual(first.machine?.sessionStatus());
    }
    for (const place of chaos.cluster.places) {
      expect(place.count("fatal")).toBe(0);
      snapshotsInstalled += place.count("snapshotInstalled");
    }
    lateCopies += chaos.lateCopies;
    crashes += chaos.crashes;
    await chaos.cluster.stop();
  });

  test.each(SEEDS)("the same run without sessions applies some of them twice (seed %i)", async (seed) => {
    const chaos = new Chaos(seed);
    await chaos.run(withoutSession);
    const counts = Object.values(chaos.cluster.places[0]?.counters ?? {});
    expect(counts.filter((count) => count > 1).length).toBeGreaterThan(0);
    await chaos.cluster.stop();
  });

  test("the runs have met what they are about", () => {
    expect(snapshotsInstalled).toBeGreaterThan(5);
    expect(crashes).toBeGreaterThan(20);
    expect(lateCopies).toBeGreaterThan(100);
  });
});
