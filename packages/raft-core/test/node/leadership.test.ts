import { expect, test } from "@jest/globals";
import type { RaftNodeEvent } from "../../src/index.ts";
import { Leadership } from "../../src/node/leadership.ts";

function under() {
  const events: RaftNodeEvent[] = [];
  return { events, leadership: new Leadership((event) => void events.push(event)) };
}

test("a leader is ready once its noop is applied while it leads that term, and not before (G4)", () => {
  const { events, leadership } = under();
  leadership.observe({ type: "leaderElected", term: 3, noopIndex: 10 });
  leadership.applied(9, 3);
  leadership.applied(10, undefined);
  leadership.applied(10, 4);
  expect([events, leadership.ready]).toEqual([[], false]);
  leadership.applied(10, 3);
  leadership.applied(11, 3);
  expect([events, leadership.ready]).toEqual([[{ type: "leaderReady", term: 3 }], true]);
});

test("an election lost again before the noop was applied is nobody's business", () => {
  const { events, leadership } = under();
  leadership.observe({ type: "leaderElected", term: 3, noopIndex: 10 });
  leadership.observe({ type: "roleChanged", role: "follower", previous: "leader", term: 4 });
  leadership.applied(10, undefined);
  expect(events).toEqual([]);
});

test("each readiness is lost exactly once, with its own term", () => {
  const { events, leadership } = under();
  leadership.observe({ type: "leaderElected", term: 3, noopIndex: 10 });
  leadership.applied(10, 3);
  leadership.observe({ type: "roleChanged", role: "follower", previous: "leader", term: 7 });
  leadership.end();
  expect(events.slice(1)).toEqual([{ type: "leadershipLost", term: 3 }]);
});
