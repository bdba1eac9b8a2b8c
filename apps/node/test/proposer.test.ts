import { expect, test } from "@jest/globals";
import { decodeCommand } from "@coxswain/state-machine";
import type { CommandBody } from "@coxswain/state-machine";
import { RaftProposer } from "../src/proposer.ts";

function setUp(): { proposer: RaftProposer; proposed: { command: ReturnType<typeof decodeCommand>; priority: string | undefined }[] } {
  const proposed: { command: ReturnType<typeof decodeCommand>; priority: string | undefined }[] = [];
  const proposer = new RaftProposer(
    async (data, options) => {
      proposed.push({ command: decodeCommand(data), priority: options?.priority });
      return { kind: "purged" } as never;
    },
    () => 42,
  );
  return { proposer, proposed };
}

test("a command is stamped with this leader's clock and carries its request id (G3, G10)", async () => {
  const { proposer, proposed } = setUp();
  await proposer.propose({ $case: "cancelJob", value: { jobId: "a", reason: "", owner: "alice" } }, "alice/1");
  expect(proposed[0]).toMatchObject({ command: { timeMs: 42, requestId: "alice/1" }, priority: "user" });
});

test.each<CommandBody>([
  { $case: "reportAttempts", value: { items: [] } },
  { $case: "markNodesLost", value: { items: [] } },
  { $case: "assignExecutions", value: { items: [] } },
  { $case: "fireDue", value: { items: [] } },
  { $case: "retryDue", value: { items: [] } },
  { $case: "deadlineDue", value: { items: [] } },
])("$$case goes before a flood of submits (G21)", async (body) => {
  const { proposer, proposed } = setUp();
  await proposer.propose(body);
  expect(proposed[0]?.priority).toBe("system");
});
