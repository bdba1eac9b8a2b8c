import { test } from "@jest/globals";
import { MemoryGuard } from "@coxswain/executor";
import type { Task } from "@coxswain/executor";
import { executorSuite } from "@coxswain/executor/suite";
import { WebhookExecutor } from "../src/index.ts";
import { Receiver } from "./receiver.ts";

const CAPACITY_BYTES = 50_000;

executorSuite(
  { test },
  "webhook",
  { exitCode: false, stderr: false, guarded: false, startFailure: false },
  async () => {
    const receiver = await Receiver.start();
    const executor = new WebhookExecutor({ allow: ["127.0.0.1/32"], bodyMaxBytes: CAPACITY_BYTES });
    const to = (path: string): Task => ({ kind: "webhook", url: receiver.url(path) });
    return {
      executor,
      guard: new MemoryGuard(),
      outputCapacityBytes: CAPACITY_BYTES,
      writes: (pieces) => {
        const bytes = Buffer.concat(pieces.map((piece) => piece.bytes));
        return to(`/echo?base64=${encodeURIComponent(bytes.toString("base64"))}`);
      },
      fails: () => to("/status/500"),
      hangs: () => to("/hang"),
      floods: (sizeBytes) => to(`/flood/${sizeBytes}`),
      leftovers: async () => {
        await receiver.quiet();
        return [];
      },
      close: () => receiver.close(),
    };
  },
);
