import { expect, test } from "@jest/globals";
import { timeZone } from "../src/time-zone.ts";
import { WallClock } from "./oracle.ts";

test.each(["America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Recife", "Africa/Casablanca", "UTC"])(
  "offsets of %s agree with the wall clock at any time, in any order of asking",
  (name) => {
    const zone = timeZone(name);
    const wall = new WallClock(name);
    for (let step = 0; step < 2_000; step++) {
      const utcMs = Date.UTC(1975, 0, 1) + ((step * 7_919) % 2_000) * 11.3 * 86_400_000;
      const atMs = Math.floor(utcMs / 1000) * 1000;
      expect([atMs, zone.segmentAt(atMs).offsetMs]).toEqual([atMs, wall.at(atMs) - atMs]);
    }
  },
);

test("segments of a year tile, and a change is found to the second", () => {
  const zone = timeZone("America/New_York");
  const spring = zone.segmentAt(Date.parse("2025-03-09T06:59:59Z"));
  expect(spring.endMs).toBe(Date.parse("2025-03-09T07:00:00Z"));
  expect(zone.segmentAt(spring.endMs)).toMatchObject({ startMs: spring.endMs, offsetMs: -4 * 3_600_000 });
});
