import { test } from "@jest/globals";
import { logStorageSuite } from "@coxswain/raft-core/suite";
import { LevelLogStorage } from "../src/index.ts";
import { temporaryDirectory } from "./workplace.ts";

logStorageSuite({ test }, "LevelLogStorage", async () => {
  const directory = await temporaryDirectory();
  return {
    open: () => LevelLogStorage.open(directory.path),
    dispose: () => directory[Symbol.asyncDispose](),
  };
});
