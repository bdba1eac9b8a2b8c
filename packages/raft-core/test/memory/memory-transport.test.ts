import { expect, test } from "@jest/globals";
import { transportSuite } from "@coxswain/raft-core/suite";
import { ManualClock, MemoryNetwork, type Message } from "../../src/index.ts";
import { eventLoopTurn } from "../node/cluster.ts";

transportSuite({ test }, "MemoryTransport", () => {
  const network = new MemoryNetwork();
  return Promise.resolve({
    open: (id: number) => Promise.resolve(network.transport(id)),
    pause: eventLoopTurn,
  });
});

transportSuite({ test }, "MemoryTransport with latency", () => {
  const clock = new ManualClock({ settle: eventLoopTurn });
  const network = new MemoryNetwork({ clock, latencyMs: 5 });
  return Promise.resolve({
    open: (id: number) => Promise.resolve(network.transport(id)),
    pause: () => clock.advance(1),
  });
});

const timeoutNow: Message = { type: "timeoutNow", from: 1, to: 2, term: 1 };

test("a cut link loses messages, a mended one carries them", async () => {
  const network = new MemoryNetwork();
  const [one, two] = [network.transport(1), network.transport(2)];
  const received: Message[] = [];
  two.onMessages((messages) => void received.push(...messages));
  network.isolate(2);
  one.send([timeoutNow]);
  await eventLoopTurn();
  expect(received).toEqual([]);
  network.heal();
  one.send([timeoutNow]);
  await eventLoopTurn();
  expect(received).toEqual([timeoutNow]);
  expect([one.droppedMessages(), two.droppedMessages()]).toEqual([1, 0]);
});

test("a link carries no more messages at once than its limit", async () => {
  const network = new MemoryNetwork({ maxQueuedMessages: 3 });
  const [one, two] = [network.transport(1), network.transport(2)];
  const received: Message[] = [];
  two.onMessages((messages) => void received.push(...messages));
  one.send(Array.from({ length: 10 }, () => timeoutNow));
  await eventLoopTurn();
  expect(received).toHaveLength(3);
  expect(one.droppedMessages()).toBe(7);
});

test("a latency needs a clock", () => {
  expect(() => new MemoryNetwork({ latencyMs: 5 })).toThrow("needs a clock");
});
