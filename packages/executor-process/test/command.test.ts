import { describe, expect, test } from "@jest/globals";
import { MemoryGuard, silentLogger, systemClock } from "@coxswain/executor";
import type { AttemptContext, ProcessTask } from "@coxswain/executor";
import { commandOf } from "../src/command.ts";

const context: AttemptContext = {
  ref: { executionId: "backup.7.1", attempt: 2 },
  jobId: "backup",
  dueMs: Date.UTC(2026, 0, 2, 3, 4, 5),
  guard: new MemoryGuard(),
  logger: silentLogger,
  clock: systemClock,
};
const command = (task: Omit<ProcessTask, "kind">) => commandOf({ kind: "process", ...task }, context, "/bin", "mark");

describe("commandOf", () => {
  test("a shell line goes to /bin/sh -c, an argv stays as it is", () => {
    expect(command({ shell: "ls -la" }).argv).toEqual(["/bin/sh", "-c", "ls -la"]);
    expect(command({ argv: ["ls", "", "$(x)"], shell: "" }).argv).toEqual(["ls", "", "$(x)"]);
  });

  test("the environment is PATH, what the task names, and what every task is told", () => {
    process.env["LEAK"] = "from the node";
    expect(command({ shell: "x", env: { A: "1", PATH: "/mine" } }).env).toEqual({
      PATH: "/mine",
      A: "1",
      COX_JOB_ID: "backup",
      COX_EXECUTION_ID: "backup.7.1",
      COX_ATTEMPT: "2",
      COX_DUE: "2026-01-02T03:04:05.000Z",
      COX_RUN: "mark",
    });
  });

  test.each<[string, Omit<ProcessTask, "kind">]>([
    ["neither shell nor argv", {}],
    ["both shell and argv", { shell: "x", argv: ["x"] }],
    ["an empty program", { argv: ["", "x"] }],
    ["NUL in the shell line", { shell: "a\0b" }],
    ["NUL in an argument", { argv: ["ls", "a\0b"] }],
    ["NUL in a value", { shell: "x", env: { A: "a\0b" } }],
    ["= in a name", { shell: "x", env: { "A=B": "1" } }],
    ["an empty name", { shell: "x", env: { "": "1" } }],
    ["a name that the executor sets", { shell: "x", env: { COX_RUN: "1" } }],
    ["a relative working directory", { shell: "x", workingDirectory: "../x" }],
    ["NUL in the working directory", { shell: "x", workingDirectory: "/\0" }],
  ])("%s is refused", (_, task) => {
    expect(() => command(task)).toThrow(expect.objectContaining({ code: "INVALID_TASK" }));
  });
});
