import { describe, expect, test } from "@jest/globals";
import { Chaos, type ChaosReport } from "./harness/chaos.ts";

const SEEDS = Number(process.env["COX_RAFT_SEEDS"] ?? 300);
const FIRST_SEED = Number(process.env["COX_RAFT_FIRST_SEED"] ?? 1);
const STEPS = 1500;

function run(seed: number, size: number): ChaosReport {
  try {
    return new Chaos(seed, size).run(STEPS);
  } catch (error) {
    throw new Error(`seed ${seed}, ${size} nodes: ${String(error)}`, { cause: error });
  }
}

describe("under loss, repetition, reordering, partitions, late syncs and crashes", () => {
  test.each([3, 5])("%i nodes keep every promise, and agree once healed", (size) => {
    const total: Record<string, number> = {};
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed += 1) {
      for (const [what, count] of Object.entries(run(seed, size))) total[what] = (total[what] ?? 0) + count;
    }
    // A run in which nothing happens would keep every promise too.
    for (const [what, count] of Object.entries(total))
      expect({ what, often: count > SEEDS / 4 }).toEqual({ what, often: true });
    if (process.env["COX_RAFT_SEEDS"] !== undefined) console.log(total);
  });
});
