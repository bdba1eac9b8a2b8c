import { OutputPiece } from "@coxswain/protocol";
import type { InternalHandlers } from "../src/index.ts";

/** A node that answers everything with yes. */
export function fakeHandlers(answers: Partial<InternalHandlers> = {}): InternalHandlers {
  return {
    forward: () => Promise.resolve({ jobId: "", createdAtMs: 0, existed: false } as never),
    output: () => undefined,
    streamOutput: async function* () {
      yield await Promise.resolve(OutputPiece.fromPartial({ unknown: true }));
    },
    heartbeat: () => Promise.resolve({ leaseMs: 5_000 }),
    registerNode: () => Promise.resolve(),
    reportAttempts: () => Promise.resolve(),
    ...answers,
  };
}
