import { describe, expect, test } from "@jest/globals";
import { Chaos, type ChaosOptions, type ChaosReport } from "./harness/chaos.ts";

const SEEDS = Number(process.env["COX_RAFT_SEEDS"] ?? 300);
const FIRST_SEED = Number(process.env["COX_RAFT_FIRST_SEED"] ?? 1);
const STEPS = 1500;

function run(options: ChaosOptions): ChaosReport {
  try {
    return new Chaos(options).run(STEPS);
  } catch (error) {
    throw new Error(`${JSON.stringify(options)}: ${String(error)}`, { cause: error });
  }
}

/** Runs every seed and adds up what happened: a run in which nothing happens would keep every promise too. */
function runAll(options: Omit<ChaosOptions, "seed">): Record<string, number> {
  const total: Record<string, number> = {};
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed += 1) {
    for (const [what, count] of Object.entries(run({ seed, ...options })))
      total[what] = (total[what] ?? 0) + count;
  }
  if (process.env["COX_RAFT_SEEDS"] !== undefined) console.log(total);
  return total;
}

function rare(total: Record<string, number>, ...except: readonly string[]): string[] {
  return Object.keys(total).filter((what) => !except.includes(what) && (total[what] ?? 0) <= SEEDS / 4);
}

describe("under loss, repetition, reordering, partitions, late syncs and crashes", () => {
  test.each([3, 5])("%i nodes keep every promise, and agree once healed", (voters) => {
    expect(rare(runAll({ voters }), "changes", "joints", "retired", "lostStates", "tailsKept")).toEqual([]);
  });

  test.each([3, 5])(
    "%i nodes keep every promise while states are lost, and their logs are not (G17)",
    (voters) => {
      expect(rare(runAll({ voters, losesStates: true }), "changes", "joints", "retired")).toEqual([]);
    },
  );

  test.each([
    { voters: 3, spares: 2 },
    { voters: 1, spares: 4 },
  ])("while members come and go, one by one and several at once: %o", (options) => {
    expect(rare(runAll(options), "lostStates", "tailsKept")).toEqual([]);
  });
});
