/** Real processes, killed with SIGKILL at random moments, one after the other on the same log. */
import { expect, jest, test } from "@jest/globals";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { LevelLogStorage } from "../src/level-log-storage.ts";
import { compileSources } from "./compiled-sources.ts";
import type { LogModel } from "./log-model.ts";
import { afterOperation, badEntry, describeModel, drawOperation, isModel, modelOf } from "./log-model.ts";
import { seededRandom } from "./random.ts";
import { temporaryDirectory } from "./workplace.ts";

// What was lost once is lost: no second try forgives it.
jest.retryTimes(0);

const ROUNDS = 200;
const SEED = Number(process.env["SEED"] ?? 2026);
/** How long a process may live after it began to open the log, and after it had. */
const OPENING_MS = 12;
const WRITING_MS = 60;
/** As in the program: operations that may be done and not be acknowledged yet. */
const WINDOW = 4;

interface Killed {
  /** Whether it had opened the log. */
  readonly opened: boolean;
  readonly acknowledged: number;
}

/** A process that has loaded its program and waits: the start of Node would else take most of a round. */
class Writer {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown[]>;
  #said = "";

  constructor(program: string, log: string, life: number) {
    this.#process = spawn(process.execPath, [program, log, String(life), String(SEED + life)], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { PATH: process.env["PATH"] },
    });
    this.#exited = once(this.#process, "close");
    this.#process.stdin?.on("error", () => {});
    this.#process.stdout?.on("data", (text) => (this.#said += String(text)));
  }

  /** Lets it begin, kills it `afterMs` later, or so long after it opened the log; returns what it acknowledged. */
  async killed(afterMs: number, onceOpen: boolean): Promise<Killed> {
    this.#process.stdin?.write("\n");
    if (onceOpen && this.#process.stdout)
      await Promise.race([once(this.#process.stdout, "data"), this.#exited]);
    // The moment is the fault: whatever is under way then is cut off.
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), afterMs);
    const [, signal] = await this.#exited;
    clearTimeout(timer);
    if (signal !== "SIGKILL") throw new Error(`the process ended by itself, having said ${this.#said}`);
    return { opened: this.#said.startsWith("open\n"), acknowledged: this.#said.split(".").length - 1 };
  }
}

/** Has the process of the next life start while that of the last one is looked after. */
class Writers implements AsyncDisposable {
  readonly #start: (life: number) => Writer;
  #life = 1;
  #waiting: Writer;

  constructor(program: string, log: string) {
    this.#start = (life) => new Writer(program, log, life);
    this.#waiting = this.#start(1);
  }

  next(): Writer {
    const writer = this.#waiting;
    this.#life += 1;
    this.#waiting = this.#start(this.#life);
    return writer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#waiting.killed(0, false);
  }
}

/** The log as it was after each number of operations from `acknowledged` on that may have happened. */
function* possibleModels(before: LogModel, life: number, acknowledged: number): Generator<LogModel> {
  const random = seededRandom(SEED + life);
  let model = before;
  for (let done = 0; done <= acknowledged + WINDOW; done++) {
    if (done >= acknowledged) yield model;
    model = afterOperation(model, drawOperation(model, life, random));
  }
}

interface Outcome {
  readonly model: LogModel;
  /** Operations that were done and not acknowledged. */
  readonly unacknowledged: number;
  readonly torn: boolean;
}

/** Opens the log after a kill; throws unless it is `before` with all that was acknowledged, and perhaps the next few operations. */
async function check(log: string, before: LogModel, life: number, killed: Killed): Promise<Outcome> {
  let torn = false;
  const storage = await LevelLogStorage.open(log, { mustExist: true, onTruncated: () => (torn = true) });
  const state = await storage.load();
  await storage.close();
  const models = [...possibleModels(before, life, killed.acknowledged)];
  const unacknowledged = models.findIndex((each) => isModel(state, each));
  const story = `life ${life} of SEED=${SEED}, after ${killed.acknowledged} acknowledged operations`;
  if (unacknowledged === -1) {
    const expected = models.map((each) => describeModel(each)).join("\n  or ");
    throw new Error(`${story}: the log is\n     ${describeModel(modelOf(state))}\n not ${expected}`);
  }
  if (badEntry(state) !== undefined) throw new Error(`${story}: ${badEntry(state)}`);
  if (state.hardState.term < before.hardState.term)
    throw new Error(`${story}: the term fell to ${state.hardState.term}`);
  return { model: modelOf(state), unacknowledged, torn };
}

test(`${ROUNDS} kills during writes, rewrites, compactions and resets lose nothing that was acknowledged, and leave no half of anything`, async () => {
  console.info(`kills: SEED=${SEED}`);
  await using directory = await temporaryDirectory();
  const program = join(await compileSources(directory.path), "crash-program.js");
  const log = join(directory.path, "log");
  const random = seededRandom(SEED);
  const founding = await LevelLogStorage.open(log);
  let model = modelOf(await founding.load());
  await founding.close();
  const seen = { openedBefore: 0, acknowledged: 0, unacknowledged: 0, torn: 0 };
  await using writers = new Writers(program, log);
  for (let life = 1; life <= ROUNDS; life++) {
    const onceOpen = random() < 0.8;
    const killed = await writers.next().killed(random() * (onceOpen ? WRITING_MS : OPENING_MS), onceOpen);
    const outcome = await check(log, model, life, killed);
    model = outcome.model;
    seen.openedBefore += killed.opened ? 1 : 0;
    seen.acknowledged += killed.acknowledged;
    seen.unacknowledged += outcome.unacknowledged;
    seen.torn += outcome.torn ? 1 : 0;
  }
  console.info(
    `kills: ${JSON.stringify({ ...seen, snapshot: model.snapshot.index, term: model.hardState.term })}`,
  );
  expect(seen.acknowledged).toBeGreaterThan(ROUNDS);
}, 900_000);
