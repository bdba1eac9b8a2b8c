import type { PeerAnswers, Peers } from "../contracts.ts";

/** Node 1's way to node 2, which answers as the test says; where nothing is said it may answer as it likes. */
export interface PeersFixture {
  readonly peers: Peers;
  /** Makes node 2 unreachable. */
  stop(): void;
  close(): Promise<void> | void;
}

/** Declares one test of a suite. For its parts. */
export type Check = (
  claim: string,
  answers: Partial<PeerAnswers>,
  run: (fixture: PeersFixture) => Promise<void>,
) => void;
