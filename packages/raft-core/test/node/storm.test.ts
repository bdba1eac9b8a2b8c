/**
 * Crashes, cuts and lost writes in an order drawn from a seed. The claims are those of GUARANTEES, promise 1:
 * nothing acknowledged is lost, nothing known to be dropped appears, and all nodes apply the same entries.
 */
import { describe, expect, test } from "@jest/globals";
import { type Entry, MemoryLogStorage, MemoryStateMachine, setCommand } from "../../src/index.ts";
import { Cluster, type Place, sequenceOf } from "./cluster.ts";

const STEPS = 150;
const SEEDS = Array.from({ length: 25 }, (_, i) => 1_000 + i);
const SETTINGS = {
  logMaxEntries: 30,
  logMaxBytes: 100_000,
  logHardBytes: 200_000,
  maxApplyEntries: 3,
  snapshotRetryMs: { min: 50, max: 100 },
  snapshotStallMs: 500,
};

class Storm {
  readonly #random: () => number;
  readonly cluster = new Cluster(3, SETTINGS);
  readonly acknowledged = new Set<string>();
  readonly dropped = new Set<string>();
  /** What was applied at each index, by any node in any life. */
  readonly applied = new Map<number, string>();
  readonly conflicts: string[] = [];
  #writes = 0;

  constructor(seed: number) {
    this.#random = sequenceOf(seed);
    for (const place of this.cluster.places) {
      place.stateMachine = new MemoryStateMachine({ durableEvery: 12 });
      place.storage = new MemoryLogStorage({ sync: () => this.#slowSync() });
    }
  }

  async run(): Promise<void> {
    for (const place of this.cluster.places) await this.#start(place);
    for (let step = 0; step < STEPS; step++) {
      await this.#act();
      await this.cluster.clock.advance(10 * this.#below(12));
    }
  }

  async calm(): Promise<void> {
    this.cluster.network.heal();
    for (const place of this.cluster.places) if (place.running === undefined) await this.#start(place);
    const leader = await this.cluster.leader();
    await this.cluster.result(leader.node.propose(setCommand("calm", "x")));
    await this.cluster.converge();
  }

  async #act(): Promise<void> {
    const place = this.cluster.places[this.#below(3)] as Place;
    const dice = this.#below(24);
    if (dice < 12) this.#write(this.cluster.places[this.#below(3)] as Place, 1 + this.#below(15));
    else if (dice < 15) this.cluster.network.isolate(place.id);
    else if (dice < 18) this.cluster.network.heal();
    else if (dice < 21) await this.#blackout();
    else if (place.running === undefined) await this.#start(place);
    else await this.#crash(place);
  }

  /** All lose their power at once, soon after a burst of writes: what was acknowledged too early is gone now. */
  async #blackout(): Promise<void> {
    this.cluster.network.heal();
    for (const place of this.cluster.places) if (place.running === undefined) await this.#start(place);
    await this.cluster.clock.advance(1_000);
    for (const place of this.cluster.places) this.#write(place, 5);
    await this.cluster.clock.advance(this.#below(60));
    await this.cluster.blackout();
    for (const place of this.cluster.places) await this.#start(place);
  }

  #write(place: Place, count: number): void {
    for (let i = 0; i < count && place.running !== undefined; i++) {
      const key = `w${this.#writes++}`;
      place.node.propose(setCommand(key, "x".repeat(50))).then(
        () => this.acknowledged.add(key),
        ({ code }: { readonly code: string }) => {
          if (code === "NOT_LEADER" || code === "PROPOSAL_DROPPED") this.dropped.add(key);
        },
      );
    }
  }

  async #crash(place: Place): Promise<void> {
    for (let turn = this.#below(12); turn > 0; turn--) await Promise.resolve();
    await this.cluster.crash(place, this.#below(3));
  }

  async #start(place: Place): Promise<void> {
    const machine = place.stateMachine;
    const apply = machine.apply.bind(machine);
    machine.apply = (entries) => {
      for (const entry of entries) this.#note(entry);
      return apply(entries);
    };
    await this.cluster.start(place.id);
  }

  #note({ index, term, data }: Entry): void {
    const what = `${term} ${new TextDecoder().decode(data)}`;
    const before = this.applied.get(index);
    if (before !== undefined && before !== what) this.conflicts.push(`${index}: ${before} and ${what}`);
    this.applied.set(index, what);
  }

  /** Up to 30 ms, so that a crash finds writes under way. */
  #slowSync(): Promise<void> {
    return new Promise((resolve) => void this.cluster.clock.after(this.#below(30), resolve));
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}

describe("through crashes, cuts and lost writes", () => {
  test.each(SEEDS)("nothing acknowledged is lost (seed %i)", async (seed) => {
    const storm = new Storm(seed);
    await storm.run();
    await storm.calm();
    const [first, ...others] = storm.cluster.places as [Place, Place, Place];
    const held = new Set(first.stateMachine.pairs().map(([key]) => key));
    expect(storm.conflicts).toEqual([]);
    expect([...storm.acknowledged].filter((key) => !held.has(key))).toEqual([]);
    expect([...storm.dropped].filter((key) => held.has(key))).toEqual([]);
    for (const other of others) expect(other.stateMachine.pairs()).toEqual(first.stateMachine.pairs());
    for (const place of storm.cluster.places) expect(place.eventsOf("fatal")).toEqual([]);
    expect(storm.acknowledged.size).toBeGreaterThan(0);
    await storm.cluster.stop();
    expect(storm.cluster.clock.pendingTimers).toBe(0);
  });
});
