import { Buffer } from "node:buffer";
import { describe, expect, test } from "@jest/globals";
import { OutputBudget, OutputBuffer } from "../src/index.ts";
import { seeded } from "./seeded.ts";

const MIB = 1024 * 1024;

describe("OutputBudget", () => {
  test("one output alone has all of it", () => {
    const budget = new OutputBudget({ totalBytes: MIB });
    const output = new OutputBuffer({ capacityBytes: 8 * MIB, budget });
    output.write(Buffer.alloc(4 * MIB), "stdout");
    expect(budget.heldBytes).toBeLessThanOrEqual(MIB);
    expect(output.tail(Infinity).length).toBeGreaterThan(MIB - 2 * 65_536);
  });

  test("those that flood pay for it: a small output beside them keeps every byte", async () => {
    const budget = new OutputBudget({ totalBytes: MIB });
    const quiet = new OutputBuffer({ capacityBytes: MIB, budget });
    quiet.write(Buffer.from("the one line that matters"), "stderr");
    const floods = Array.from({ length: 5 }, () => new OutputBuffer({ capacityBytes: MIB, budget }));
    for (let i = 0; i < 3_000; i += 1) floods[i % 5]?.write(Buffer.alloc(10_000), "stdout");
    expect(quiet.firstOffset).toBe(0);
    for (const flood of floods) expect(flood.heldBytes).toBeGreaterThan(MIB / 6 - 2 * 65_536);
    const { value } = await floods[0]!.reader().next();
    expect(value).toEqual({ kind: "gap", from: 0, to: floods[0]!.firstOffset });
  });

  test("an output that is discarded gives its memory to the others", () => {
    const budget = new OutputBudget({ totalBytes: MIB });
    const [first, second] = [0, 1].map(() => new OutputBuffer({ capacityBytes: MIB, budget })) as [OutputBuffer, OutputBuffer];
    first.write(Buffer.alloc(MIB / 2), "stdout");
    second.write(Buffer.alloc(MIB / 4), "stdout");
    expect(budget.memberCount).toBe(2);
    first.discard();
    first.discard();
    expect([budget.memberCount, budget.heldBytes]).toEqual([1, second.heldBytes]);
    second.discard();
    expect([budget.memberCount, budget.heldBytes]).toEqual([0, 0]);
  });

  test.each([1, 2, 3, 4])("whatever is written, the sum stays within the budget, and only the largest is cut (seed %i)", (seed) => {
    const random = seeded(seed);
    const below = (limit: number): number => Math.floor(random() * limit);
    const budget = new OutputBudget({ totalBytes: 300_000 });
    const fresh = (): OutputBuffer => new OutputBuffer({ capacityBytes: 1 + below(400_000), budget });
    const outputs = Array.from({ length: 12 }, fresh);
    for (let step = 0; step < 600; step += 1) {
      const at = below(outputs.length);
      const writer = outputs[at]!;
      if (below(200) === 0) {
        writer.discard();
        outputs[at] = fresh();
        continue;
      }
      const before = outputs.map((output) => ({ output, heldBytes: output.heldBytes }));
      writer.write(Buffer.alloc(1 + below(20_000), step), below(2) ? "stdout" : "stderr");
      const held = outputs.map(({ heldBytes }) => heldBytes);
      const message = `seed ${seed}, step ${step}`;
      const sum = held.reduce((all, bytes) => all + bytes);
      if (sum !== budget.heldBytes) throw new Error(`${message}: ${sum} bytes are held, ${budget.heldBytes} are counted`);
      expect(budget.heldBytes).toBeLessThanOrEqual(300_000);
      // One that was cut for another's sake was, until that moment, no smaller than any other is now.
      for (const { output, heldBytes } of before)
        if (output !== writer && output.heldBytes < heldBytes) expect(heldBytes).toBeGreaterThanOrEqual(Math.max(...held.filter((_, i) => outputs[i] !== writer)));
      if (step % 20 === 0) for (const output of outputs) expect(output.tail(Infinity).length).toBe(output.totalBytes - output.firstOffset);
    }
  });

  test.each([0, 65_535, NaN, Infinity])("a total of %p is refused", (totalBytes) => {
    expect(() => new OutputBudget({ totalBytes })).toThrow(RangeError);
  });
});
