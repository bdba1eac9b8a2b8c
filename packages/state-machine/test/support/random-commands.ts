/**
 * A long story of commands, made from a seed: mostly what a leader would propose, mixed with
 * what is stale, repeated or wrong.
 */
import {
  AttemptOutcome,
  ExecutionStatus,
  JobState,
  type CommandBody,
  type Execution,
  type Job,
  type Placement,
} from "../../src/index.ts";
import {
  assign,
  cancel,
  cron,
  deadline,
  drain,
  fire,
  lose,
  NONE,
  POLICY,
  purge,
  register,
  remove,
  report,
  retry,
  settings,
  shell,
  submit,
} from "./bodies.ts";
import { databaseOf } from "./dump.ts";
import type { Harness, Stamp } from "./harness.ts";
import { Execution as ExecutionRecord, Job as JobRecord } from "@coxswain/protocol";
import { endOf, EXECUTION_PREFIX, JOB_PREFIX } from "../../src/keys.ts";

const OWNERS = ["ada", "bob"];
const OUTCOMES = [
  AttemptOutcome.SUCCEEDED,
  AttemptOutcome.FAILED,
  AttemptOutcome.FAILED,
  AttemptOutcome.TIMED_OUT,
  AttemptOutcome.STOPPED,
  AttemptOutcome.LOST,
];

/** mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface World {
  readonly jobs: Job[];
  readonly executions: Execution[];
}

export class Story {
  readonly #harness: Harness;
  readonly #random: () => number;
  #incarnations = new Map<number, number>();
  #jobs = 0;
  #requests = 0;

  constructor(harness: Harness, seed: number) {
    this.#harness = harness;
    this.#random = seeded(seed);
  }

  /** Applies one command to the harness. */
  async step(): Promise<void> {
    this.#harness.timeMs += this.#below(3) === 0 ? this.#below(4_000) : 0;
    const world = await this.#look();
    const [body, stamp] = this.#next(world);
    await this.#harness.apply(body, stamp);
  }

  async #look(): Promise<World> {
    const { store, directory } = this.#harness;
    await store.flush();
    const db = await databaseOf(directory);
    const jobs = await db.values({ gte: JOB_PREFIX, lt: endOf(JOB_PREFIX) }).all();
    const executions = await db.values({ gte: EXECUTION_PREFIX, lt: endOf(EXECUTION_PREFIX) }).all();
    return {
      jobs: jobs.map((value) => JobRecord.decode(value)),
      executions: executions.map((value) => ExecutionRecord.decode(value)),
    };
  }

  #next(world: World): [CommandBody, Stamp] {
    const roll = this.#below(100);
    if (roll < 22) return [this.#submit(world), {}];
    if (roll < 36) return [this.#fire(world), {}];
    if (roll < 50) return [this.#assign(world), {}];
    if (roll < 70) return [this.#report(world), {}];
    if (roll < 76) return [this.#retry(world), {}];
    if (roll < 79) return [this.#deadline(world), {}];
    if (roll < 84)
      return [cancel(this.#jobId(world), "", "", [undefined, 0, 5_000][this.#below(3)]), this.#requestId()];
    if (roll < 88) return [remove(this.#jobId(world)), this.#requestId()];
    if (roll < 90) return [purge(1 + this.#below(5)), {}];
    if (roll < 94) return [this.#register(), {}];
    if (roll < 96) return [lose(1 + this.#below(3), this.#incarnations.get(1) ?? 1), {}];
    if (roll < 98) return [drain(1 + this.#below(3), this.#below(3) === 0), this.#requestId()];
    return [this.#settings(), {}];
  }

  #submit(world: World): CommandBody {
    const count = 1 + this.#below(3);
    const items = Array.from({ length: count }, () => {
      const old = this.#below(5) === 0;
      const jobId = old ? this.#jobId(world) : `job-${this.#jobs++}`;
      const task = this.#below(5) === 0 ? NONE : shell(`echo ${this.#below(100)}`);
      const policy = {
        ...POLICY,
        priority: this.#below(3),
        maxAttempts: 1 + this.#below(3),
        onNodeLoss: (1 + this.#below(2)) as 1 | 2,
      };
      const owner = this.#pick(OWNERS) ?? "ada";
      return {
        jobId,
        task,
        policy,
        owner,
        placement: this.#placement(),
        contentHash: new Uint8Array([this.#below(2)]),
      };
    });
    const [first] = items;
    if (this.#below(3) === 0 && first !== undefined)
      return cron(first.jobId, this.#harness.timeMs + this.#below(5_000), first);
    return submit(...items);
  }

  #fire(world: World): CommandBody {
    const due = world.jobs.filter((job) => job.state === JobState.ACTIVE && job.nextDueMs > 0);
    const job = this.#pick(this.#below(8) === 0 ? world.jobs : due);
    if (job === undefined) return purge(1);
    const nextDueMs = this.#below(6) === 0 ? 0 : job.nextDueMs + this.#below(3_000);
    const given = {
      skip: this.#below(6) === 0,
      missed: this.#below(4) === 0 ? this.#below(5) : 0,
      placement: this.#placement(),
    };
    const one = fire(job, nextDueMs, given);
    if (this.#below(4) > 0 || nextDueMs === 0) return one;
    // Two in one command: the second follows from the first.
    const two = fire({ ...job, nextDueMs }, nextDueMs + 1_000, { placement: this.#placement() });
    if (one.$case !== "fireDue" || two.$case !== "fireDue") throw new Error("unreachable");
    return { $case: "fireDue", value: { items: [...one.value.items, ...two.value.items] } };
  }

  #assign(world: World): CommandBody {
    const waiting = world.executions.filter(({ status }) => status === ExecutionStatus.PENDING);
    const execution = this.#pick(this.#below(8) === 0 ? world.executions : waiting);
    if (execution === undefined) return this.#register();
    return assign(
      execution.id,
      execution.attempts.length + (this.#below(8) === 0 ? 2 : 1),
      this.#placement(),
    );
  }

  #report(world: World): CommandBody {
    const running = world.executions.filter(({ status }) => status === ExecutionStatus.RUNNING);
    const execution = this.#pick(this.#below(8) === 0 ? world.executions : running);
    if (execution === undefined) return this.#register();
    const attempt = execution.attempts.at(-1);
    const given = { nodeId: attempt?.nodeId ?? 1, nodeIncarnation: attempt?.nodeIncarnation ?? 1 };
    const outcome = this.#pick(OUTCOMES) ?? AttemptOutcome.SUCCEEDED;
    const result = {
      outputTail: new Uint8Array(this.#below(4_000)).fill(65),
      retryable: this.#below(4) > 0,
      errorMessage: "x".repeat(this.#below(20)),
    };
    return report(execution.id, attempt?.number ?? 1, outcome, given, result);
  }

  #retry(world: World): CommandBody {
    const waiting = world.executions.filter(({ retryAtMs }) => retryAtMs > 0);
    const execution = this.#pick(waiting);
    if (execution === undefined) return this.#register();
    return retry(
      execution.id,
      execution.retryAtMs + (this.#below(6) === 0 ? 1 : 0),
      this.#below(2) === 0 ? this.#placement() : undefined,
    );
  }

  #deadline(world: World): CommandBody {
    const execution = this.#pick(world.executions.filter(({ status }) => status === ExecutionStatus.RUNNING));
    const attempt = execution?.attempts.at(-1);
    if (execution === undefined || attempt === undefined) return this.#register();
    return deadline(execution.id, attempt.number, attempt.deadlineMs);
  }

  #register(): CommandBody {
    const nodeId = 1 + this.#below(3);
    const incarnation = (this.#incarnations.get(nodeId) ?? 0) + (this.#below(5) === 0 ? 0 : 1);
    this.#incarnations.set(nodeId, Math.max(1, incarnation));
    const running = this.#harness.store.running(nodeId).filter(() => this.#below(2) === 0);
    return register(nodeId, {
      incarnation: Math.max(1, incarnation),
      capacity: 1 + this.#below(4),
      adopted: running.map(({ executionId, attempt }) => ({ executionId, attempt })),
    });
  }

  #settings(): CommandBody {
    return settings({
      maxActiveJobs: 5 + this.#below(20),
      maxActiveExecutionsPerJob: 1 + this.#below(4),
      maxNodeLossesPerExecution: 1 + this.#below(2),
      maxExecutionsKeptPerJob: 1 + this.#below(4),
      historyMaxJobs: 2 + this.#below(6),
      requestWindowMs: 5_000 + this.#below(20_000),
      outputTailBytes: this.#below(2_000),
    });
  }

  #jobId(world: World): string {
    return this.#below(10) === 0
      ? `job-${this.#below(this.#jobs + 1)}`
      : (this.#pick(world.jobs)?.id ?? "job-0");
  }

  #placement(): Placement {
    const nodeId = 1 + this.#below(3);
    return { nodeId, nodeIncarnation: this.#incarnations.get(nodeId) ?? 1 };
  }

  /** Every third request comes under an id that was used before. */
  #requestId(): Stamp {
    const roll = this.#below(6);
    if (roll < 2) return {};
    return { requestId: `request-${roll === 2 ? this.#below(this.#requests + 1) : this.#requests++}` };
  }

  #pick<T>(list: readonly T[]): T | undefined {
    return list[this.#below(list.length)];
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}
