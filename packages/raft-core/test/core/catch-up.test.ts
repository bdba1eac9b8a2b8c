import { describe, expect, test } from "@jest/globals";
import { CatchUp } from "../../src/core/catch-up.ts";

const LIMIT_TICKS = 10;

describe("a learner has caught up, dissertation 4.2.1", () => {
  test("once a round brings it what the log held at its beginning, faster than an election timeout", () => {
    const catchUp = new CatchUp();
    catchUp.observe(0, 0, 1000, LIMIT_TICKS);
    catchUp.observe(25, 1000, 1400, LIMIT_TICKS);
    expect(catchUp.isDone).toBe(false);
    catchUp.observe(32, 1400, 1500, LIMIT_TICKS);
    expect(catchUp.isDone).toBe(true);
  });

  test("although the log has grown meanwhile: it need not ever hold all of it", () => {
    const catchUp = new CatchUp();
    for (let tick = 0; tick < 5; tick += 1) catchUp.observe(tick, tick * 10, tick * 10 + 10, LIMIT_TICKS);
    expect(catchUp.isDone).toBe(true);
  });

  test("no longer, when the round under way takes too long", () => {
    const catchUp = new CatchUp();
    catchUp.observe(0, 5, 5, LIMIT_TICKS);
    catchUp.observe(1, 5, 90, LIMIT_TICKS);
    expect(catchUp.isDone).toBe(true);
    catchUp.observe(10, 60, 95, LIMIT_TICKS);
    expect(catchUp.isDone).toBe(true);
    catchUp.observe(11, 80, 99, LIMIT_TICKS);
    expect(catchUp.isDone).toBe(false);
  });

  test("not before anything was compared", () => {
    expect(new CatchUp().isDone).toBe(false);
  });
});
