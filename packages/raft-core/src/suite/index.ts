/**
 * What each contract of this package promises, as tests that every implementation passes in one line. They
 * take the test framework's `test` and throw plain errors, so any framework will do.
 *
 * @example
 * import { test } from "@jest/globals";
 * import { logStorageSuite } from "@coxswain/raft-core/suite";
 * logStorageSuite({ test }, "MyLogStorage", async () => { const folder = await newFolder(); return { open: () => MyLogStorage.open(folder) }; });
 */
export type { SuiteTools } from "./claim.ts";
export { type LogStorageFixture, logStorageSuite } from "./log-storage-suite.ts";
export {
  type SessionedStateMachineFixture,
  sessionedStateMachineSuite,
} from "./sessioned-state-machine-suite.ts";
export { type SnapshotStoreFixture, snapshotStoreSuite } from "./snapshot-store-suite.ts";
export { type StateMachineFixture, stateMachineSuite } from "./state-machine-suite.ts";
export { type TransportFixture, transportSuite } from "./transport-suite.ts";
