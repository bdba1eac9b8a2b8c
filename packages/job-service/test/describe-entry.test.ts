import { expect, test } from "@jest/globals";
import { Command } from "@coxswain/protocol";
import { describeEntry } from "../src/describe-entry.ts";

const command = (body: object): string =>
  describeEntry({ type: "normal", data: Command.encode(Command.fromPartial({ version: 1, body } as object)).finish() });

test.each([
  [{ $case: "submitJobs", value: { items: [{ jobId: "a", placement: { nodeId: 2 } }] } }, "SubmitJob a on node 2"],
  [{ $case: "submitJobs", value: { items: ["a", "b", "c", "d", "e"].map((jobId) => ({ jobId })) } }, "SubmitJob a, b, c and 2 more"],
  [{ $case: "fireDue", value: { items: [{ jobId: "a", dueMs: 1_000 }] } }, "FireDue a due 1970-01-01T00:00:01.000Z"],
  [{ $case: "assignExecutions", value: { items: [{ executionId: "a.1.1", placement: { nodeId: 2 } }] } }, "AssignJob a.1.1 on node 2"],
  [{ $case: "reportAttempts", value: { items: [{ executionId: "a.1.1", attempt: 1, nodeId: 2 }] } }, "BatchUpdateJobStatus a.1.1 attempt 1 on node 2"],
  [{ $case: "registerNode", value: { nodeId: 2, address: "127.0.0.1:1" } }, "RegisterWorker 2 at 127.0.0.1:1"],
  [{ $case: "cancelJob", value: { jobId: "a" } }, "CancelJob a"],
  [{ $case: "setNodeDraining", value: { nodeId: 2 } }, "UndrainNode 2"],
])("%j", (body, line) => {
  expect(command(body)).toBe(line);
});

test("Raft's own entries, and what this version does not know", () => {
  expect(describeEntry({ type: "noop", data: new Uint8Array() })).toBe("Noop");
  expect(describeEntry({ type: "config", data: new Uint8Array() })).toBe("ChangeMembership");
  expect(describeEntry({ type: "normal", data: new Uint8Array() })).toBe("Unknown");
  expect(describeEntry({ type: "normal", data: Uint8Array.of(255, 255) })).toBe("Unknown");
});
