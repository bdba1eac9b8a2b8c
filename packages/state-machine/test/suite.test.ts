import { createHash } from "node:crypto";
import { test } from "@jest/globals";
import { stateMachineSuite } from "@coxswain/raft-core/suite";
import { JobStore, MemoryStateDirectory, type StateDirectory } from "../src/index.ts";
import { submit } from "./support/bodies.ts";
import { dump } from "./support/dump.ts";
import { commandEntry } from "./support/harness.ts";

const directories = new WeakMap<object, StateDirectory>();

stateMachineSuite({ test }, "JobStore", () => {
  const directory = new MemoryStateDirectory();
  return Promise.resolve({
    open: async () => {
      const store = await JobStore.open({ directory });
      directories.set(store, directory);
      return store;
    },
    close: async (store) => {
      await (store as JobStore).close();
    },
    command: (n) => commandEntry(1, submit({ jobId: `job-${n}` })).data,
    fingerprint: async (store) => {
      const lines = await dump(store as JobStore, directories.get(store) ?? directory);
      // The meta record holds the members, which the driver adds to a snapshot.
      return createHash("sha256")
        .update(lines.filter((line) => !line.startsWith('"m"')).join("\n"))
        .digest("hex");
    },
  });
});
