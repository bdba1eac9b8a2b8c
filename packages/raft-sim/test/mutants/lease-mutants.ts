import { Raft } from "@coxswain/raft-core";
import { TICK_US } from "../../src/faults/profile.ts";
import {
  keepsPromiseInNextTerm,
  keepsPromiseOfFirstTerm,
  keepsPromiseThroughRestart,
} from "./lease-scenarios.ts";
import type { DriverMutant, SourceMutant } from "./mutant.ts";

/** Mistakes with leases: on either side of the promise, and about the clocks that it trusts. */
export const LEASE_CORE_MUTANTS: readonly SourceMutant[] = [
  {
    name: "lease-without-check-quorum",
    bug: "Leases are on and check-quorum is off: voters promise nothing, and a leader that hears nobody goes on",
    file: "lease.ts",
    find: "return config.lease !== undefined && tick - heardLeaderTick < config.electionTicks;",
    replace: "return config.lease !== undefined && tick < heardLeaderTick;",
    also: [
      {
        file: "config.ts",
        find: "    ...config,\n    electionTicks,",
        replace:
          "    ...config,\n    checkQuorum: config.lease === undefined && (config.checkQuorum ?? true),\n    electionTicks,",
      },
      { file: "config.ts", find: "  refuseUnsafeLease(config);\n}", replace: "}" },
    ],
  },
  {
    name: "lease-without-promise",
    scenario: keepsPromiseThroughRestart,
    bug: "Leases rest on the courtesy of check-quorum alone, which ends with the term and with a restart",
    file: "lease.ts",
    find: "return config.lease !== undefined && tick - heardLeaderTick < config.electionTicks;",
    replace: "return config.lease !== undefined && tick < heardLeaderTick;",
  },
  {
    name: "lease-counts-from-answer",
    bug: "A lease is counted from when the heartbeat was answered, not from when it was sent",
    file: "reads.ts",
    find: "leadership.lease.renew(issuedAt);",
    replace: "leadership.lease.renew(Math.max(issuedAt, leaseNow(state)));",
  },
  {
    name: "promise-lost-in-restart",
    scenario: keepsPromiseThroughRestart,
    bug: "A voter that restarts forgets that it may have promised a lease",
    file: "consensus-state.ts",
    find: "this.heardLeaderTick = hardState.term > 0 ? 0 : -config.electionTicks;",
    replace: "this.heardLeaderTick = -config.electionTicks;",
  },
  {
    name: "promise-before-first-term",
    scenario: keepsPromiseOfFirstTerm,
    bug: "A voter promises a lease before its first term is durable, so that a restart knows of none",
    file: "lease.ts",
    find: "return config.lease === undefined || stableHardState.term > 0;",
    replace: "return config.lease === undefined || stableHardState.term >= 0;",
  },
  {
    name: "promise-ends-with-term",
    scenario: keepsPromiseInNextTerm,
    bug: "The promise of a lease ends with the term in which it was given",
    file: "roles.ts",
    find: "  state.votedFor = NO_NODE;\n  state.outbox.events.push",
    replace:
      "  state.votedFor = NO_NODE;\n  state.heardLeaderTick = -state.config.electionTicks;\n  state.outbox.events.push",
  },
  {
    name: "lease-kept-in-transfer",
    bug: "A leader keeps its lease after it told another node to campaign at once (dissertation 3.10)",
    file: "transfer.ts",
    find: "  leadership.lease.giveUp();",
    replace: "",
  },
  {
    name: "lease-before-first-commit",
    bug: "A new leader answers reads under its lease before it has committed an entry of its own term",
    file: "lease.ts",
    find: "if (lease === undefined || commitIndex < leadership.noopIndex) return false;",
    replace: "if (lease === undefined || commitIndex < 0) return false;",
    also: [
      {
        file: "reads.ts",
        find: "if (!reads.hasArrivals || state.commitIndex < noopIndex) return;",
        replace:
          "if (!reads.hasArrivals || (state.commitIndex < noopIndex && !holdsLease(state, leadership))) return;",
      },
    ],
  },
];

/** Goes on by no more than a tick between two ticks, of which none come while the node stands still. */
class SleepingClock {
  readonly #real: () => number;
  #nowUs = 0;
  #tickedAtUs: number;

  constructor(real: () => number) {
    this.#real = real;
    this.#tickedAtUs = real();
  }

  // A microsecond more than a tick: simulated ticks have whole ones.
  readonly now = (): number => this.#nowUs + Math.min(this.#real() - this.#tickedAtUs, TICK_US + 1);

  ticked(): void {
    this.#nowUs = this.now();
    this.#tickedAtUs = this.#real();
  }
}

/** Its lease trusts such a clock. */
class SleepingRaft extends Raft {
  readonly #clock: SleepingClock;

  constructor(clock: SleepingClock, ...[config, persisted, random]: ConstructorParameters<typeof Raft>) {
    super(config, persisted, random);
    this.#clock = clock;
  }

  override tick(): void {
    this.#clock.ticked();
    super.tick();
  }
}

/** A right core, told the time wrongly: the one rule that trusts clocks needs what it asks of them. */
export const LEASE_CLOCK_MUTANTS: readonly DriverMutant[] = [
  {
    name: "lease-clock-drifts",
    bug: "The leader's clock is slower than the length of leases allows for, by half",
    engine: ({ lease, ...config }, persisted, random) => {
      const slow = lease && { ...lease, now: () => lease.now() / 2 };
      return new Raft({ ...config, ...(slow && { lease: slow }) }, persisted, random);
    },
  },
  {
    name: "lease-clock-sleeps",
    bug: "The leader's clock stands still while its machine is paused",
    engine: ({ lease, ...config }, persisted, random) => {
      if (lease === undefined) return new Raft(config, persisted, random);
      const clock = new SleepingClock(lease.now);
      const sleeping = { ...config, lease: { ...lease, now: clock.now } };
      return new SleepingRaft(clock, sleeping, persisted, random);
    },
  },
];
