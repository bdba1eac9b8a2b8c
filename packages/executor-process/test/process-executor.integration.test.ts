import { test } from "@jest/globals";
import { describeLinux, describeSandboxes } from "./linux.ts";
import { processSuite } from "./process-suite.ts";

describeLinux("the suite without a sandbox", () => processSuite({ test }, "process", {}));
describeSandboxes("the suite in a sandbox", (tool) =>
  processSuite({ test }, `process in a sandbox by ${tool}`, { isolation: "full", sandboxTools: [tool] }),
);
