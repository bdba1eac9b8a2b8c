import type { ApplyResult, CommandBody, Job } from "@coxswain/state-machine";
import { Scheduler } from "../src/index.ts";
import type { Proposer, SchedulerSettings } from "../src/index.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeStore } from "./fake-store.ts";
import type { GivenJob } from "./fake-store.ts";

export const START_MS: number = Date.UTC(2026, 0, 1, 12, 0, 0);

type BodyOf<Case extends CommandBody["$case"]> = Extract<CommandBody, { $case: Case }>["value"];

/** Applies at once unless told to fail or to hold back. */
export class FakeProposer implements Proposer {
  readonly proposed: CommandBody[] = [];
  /** How many proposals are to fail from now on. */
  failures = 0;
  /** Applied, but the proposer does not hear of it. */
  unknownOutcomes = 0;
  held: (() => void)[] | undefined;
  readonly #store: FakeStore;

  constructor(store: FakeStore) {
    this.#store = store;
  }

  async propose(body: CommandBody): Promise<ApplyResult> {
    this.proposed.push(body);
    if (this.failures > 0) {
      this.failures--;
      throw Object.assign(new Error("dropped"), { code: "PROPOSAL_DROPPED", category: "unavailable" });
    }
    const { held } = this;
    if (held !== undefined) await new Promise<void>((resolve) => held.push(resolve));
    const result = this.#store.apply(body);
    if (this.unknownOutcomes === 0) return result;
    this.unknownOutcomes--;
    throw Object.assign(new Error("unknown"), { code: "PROPOSAL_OUTCOME_UNKNOWN", category: "unknown-outcome" });
  }

  of<Case extends CommandBody["$case"]>(kind: Case): BodyOf<Case>[] {
    return this.proposed.flatMap((body) => (body.$case === kind ? [body.value as BodyOf<Case>] : []));
  }
}

export interface Fixture {
  readonly store: FakeStore;
  readonly clock: FakeClock;
  readonly proposer: FakeProposer;
  readonly scheduler: Scheduler;
  /** What was logged at warn or error. */
  readonly complaints: string[];
  /** Time passes while the nodes send heartbeats twice a second. */
  live(ms: number, nodeIds?: readonly number[]): Promise<void>;
  beat(nodeIds?: readonly number[]): void;
}

export function fixture(settings: Partial<SchedulerSettings> = {}, store: FakeStore = new FakeStore(), clock: FakeClock = new FakeClock(START_MS)): Fixture {
  const proposer = new FakeProposer(store);
  const complaints: string[] = [];
  const logger = {
    debug: () => {},
    info: () => {},
    warn: (_: object, message: string) => complaints.push(message),
    error: (_: object, message: string) => complaints.push(message),
  };
  const scheduler = new Scheduler({ store, proposer, clock, logger, settings });
  const beat = (nodeIds: readonly number[] = [...store.members.keys()]): void => {
    for (const nodeId of nodeIds) scheduler.heartbeat({ nodeId, incarnation: store.members.get(nodeId)!.incarnation });
  };
  const live = async (ms: number, nodeIds?: readonly number[]): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 500) {
      beat(nodeIds);
      await clock.advance(Math.min(500, ms - passed));
    }
  };
  return { store, clock, proposer, scheduler, complaints, live, beat };
}

export function cronJob(id: string, expression: string, nextDueMs: number, given: Partial<Job> & { firstMs?: number; lastMs?: number } = {}): GivenJob {
  const { firstMs = 0, lastMs = 0, ...job } = given;
  return { id, nextDueMs, schedule: { kind: { $case: "cron", value: { expression, timeZone: "UTC", firstMs, lastMs } } }, ...job };
}

export function atJob(id: string, atMs: number, given: Partial<Job> = {}): GivenJob {
  return { id, nextDueMs: atMs, schedule: { kind: { $case: "at", value: { atMs } } }, ...given };
}
