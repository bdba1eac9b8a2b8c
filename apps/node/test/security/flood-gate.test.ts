import { expect, test } from "@jest/globals";
import { FloodGate, OTHER_SOURCES } from "../../src/security/flood-gate.ts";
import { HandClock } from "../../../../packages/worker/test/hand-clock.ts";

function gate(maxSources = 100): { gate: FloodGate; clock: HandClock; held: [string, number][] } {
  const clock = new HandClock();
  const held: [string, number][] = [];
  const made = new FloodGate({
    ...{ linesPerWindow: 3, windowMs: 1_000, maxSources, after: clock.after },
    onHeldBack: (source, count) => held.push([source, count]),
  });
  return { gate: made, clock, held };
}

const passed = (made: FloodGate, source: string, times: number): number =>
  Array.from({ length: times }, () => made.passes(source)).filter(Boolean).length;

test("lets through the first lines of each source, and tells at the end of the window how many it held back", () => {
  const { gate: made, clock, held } = gate();
  expect([passed(made, "a", 10), passed(made, "b", 2)]).toEqual([3, 2]);
  clock.advance(1_000);
  expect(held).toEqual([["a", 7]]);
  expect(passed(made, "a", 10)).toBe(3);
});

test("keeps no timer while nothing comes, and tells at the close what it holds", () => {
  const { gate: made, clock, held } = gate();
  expect(clock.pending).toBe(0);
  passed(made, "a", 5);
  made.close();
  expect({ pending: clock.pending, held }).toEqual({ pending: 0, held: [["a", 2]] });
  made.close();
  expect(held).toHaveLength(1);
});

test("sources beyond the limit share one count: a thousand addresses write no thousand lines", () => {
  const { gate: made, clock, held } = gate(2);
  const lines = Array.from({ length: 1_000 }, (_, index) => passed(made, `source-${index}`, 1)).reduce((sum, one) => sum + one, 0);
  expect(lines).toBe(2 + 3);
  clock.advance(1_000);
  expect(held).toEqual([[OTHER_SOURCES, 995]]);
});
