import { test } from "@jest/globals";
import { OutputPiece } from "@coxswain/protocol";
import type { PeerAnswers } from "../src/contracts.ts";
import { MemoryPeers } from "../src/memory-peers.ts";
import { peersSuite } from "../src/suite.ts";

async function* nothing(): AsyncGenerator<OutputPiece, void, undefined> {
  yield await Promise.resolve(OutputPiece.fromPartial({ unknown: true }));
}

function start(answers: Partial<PeerAnswers>) {
  const peers = new MemoryPeers();
  peers.join(2, {
    forward: () => Promise.reject(new Error()),
    output: () => undefined,
    streamOutput: nothing,
    ...answers,
  });
  return Promise.resolve({
    peers,
    stop: () => {
      peers.disconnect(2);
    },
    close: () => {},
  });
}

peersSuite("peers in memory", start, { test });
