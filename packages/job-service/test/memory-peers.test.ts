import { test } from "@jest/globals";
import type { PeerAnswers } from "../src/contracts.ts";
import { MemoryPeers } from "../src/memory-peers.ts";
import { peersSuite } from "../src/suite.ts";

function start(answers: Partial<PeerAnswers>) {
  const peers = new MemoryPeers();
  peers.join(2, { forward: () => Promise.reject(new Error()), output: () => undefined, ...answers });
  return Promise.resolve({
    peers,
    stop: () => {
      peers.disconnect(2);
    },
    close: () => {},
  });
}

peersSuite("peers in memory", start, { test });
