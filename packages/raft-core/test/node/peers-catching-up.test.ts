import { expect, test } from "@jest/globals";
import type { PeerStatus } from "../../src/index.ts";
import { PeersCatchingUp } from "../../src/node/peers-catching-up.ts";

function under(matches: Record<number, number>) {
  const log = { lastIndex: 100, matches };
  const peersCatchingUp = new PeersCatchingUp(() => ({
    lastIndex: log.lastIndex,
    peers: Object.entries(log.matches).map(([id, matchIndex]) => ({ id: Number(id), matchIndex }) as PeerStatus),
  }));
  return { log, peersCatchingUp };
}

test("the log is held after what the slowest has: its snapshot, then the entries that it acknowledged", () => {
  const { log, peersCatchingUp } = under({ 2: 10, 3: 10 });
  peersCatchingUp.begin(2, 40);
  peersCatchingUp.begin(3, 50);
  expect(peersCatchingUp.heldIndex()).toBe(40);
  log.matches[2] = 60;
  expect(peersCatchingUp.heldIndex()).toBe(50);
});

test("a peer is let go when it has what the log held the last time", () => {
  const { log, peersCatchingUp } = under({ 2: 10 });
  peersCatchingUp.begin(2, 40);
  expect(peersCatchingUp.heldIndex()).toBe(40);
  [log.lastIndex, log.matches[2]] = [150, 99];
  expect(peersCatchingUp.heldIndex()).toBe(99);
  [log.lastIndex, log.matches[2]] = [200, 150];
  expect(peersCatchingUp.heldIndex()).toBeUndefined();
  log.lastIndex = 300;
  expect(peersCatchingUp.heldIndex()).toBeUndefined();
});

test("a peer that needs another snapshot, or is no member any more, holds nothing", () => {
  const { log, peersCatchingUp } = under({ 2: 10, 3: 10 });
  peersCatchingUp.begin(2, 40);
  peersCatchingUp.begin(3, 50);
  peersCatchingUp.end(2);
  expect(peersCatchingUp.heldIndex()).toBe(50);
  delete log.matches[3];
  expect(peersCatchingUp.heldIndex()).toBeUndefined();
});
