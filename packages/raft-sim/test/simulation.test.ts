import { createHash } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { addCounts, FAULT_CLASSES, noCounts, simulate, SimulationError } from "../src/index.ts";

/** On the sources; many more run on the built package, where nothing slows them down: see command-line.integration.test.ts. */
const SEEDS = 100;
const STEPS = 3_000;

function traceHash(seed: number): string {
  const hash = createHash("sha256");
  simulate({ seed, trace: (line) => hash.update(line).update("\n") });
  return hash.digest("hex");
}

describe("whole clusters", () => {
  test(`keep every promise under ${SEEDS} seeds of faults, and go on once healed`, () => {
    const total = noCounts();
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      addCounts(total, simulate({ seed, steps: STEPS }).counters);
    }
    expect(total.steps).toBeGreaterThanOrEqual(SEEDS * STEPS);
  }, 60_000);

  test("do the same again under the same seed, byte for byte", () => {
    for (const seed of [1, 2, 3, 4, 5]) expect(traceHash(seed)).toBe(traceHash(seed));
    expect(traceHash(1)).not.toBe(traceHash(2));
  });

  test("do the same whether or not they are traced", () => {
    expect(simulate({ seed: 6, trace: () => undefined })).toEqual(simulate({ seed: 6 }));
  });

  test("rob leaders of their office while they believe in their lease, with nothing else going wrong", () => {
    const without = new Set(FAULT_CLASSES.filter((each) => each !== "leases" && each !== "reads"));
    const total = noCounts();
    for (let seed = 1; seed <= 20; seed += 1) addCounts(total, simulate({ seed, without }).counters);
    const { usurpations, deposedReads, leaseReads, closeLeaseReads, expiredLeaseReads } = total;
    for (const count of [usurpations, deposedReads, leaseReads, closeLeaseReads, expiredLeaseReads])
      expect(count).toBeGreaterThan(0);
  });

  test("say which seed and step failed", () => {
    const engine = (): never => {
      throw new Error("does not start");
    };
    const run = (): unknown => simulate({ seed: 77, engine });
    expect(run).toThrow(SimulationError);
    expect(run).toThrow(/Seed 77, step 0: coreAssertion: does not start/);
  });
});
