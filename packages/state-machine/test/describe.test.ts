import { expect, test } from "@jest/globals";
import { AttemptOutcome, describeCommand, type CommandBody } from "../src/index.ts";
import {
  assign,
  cancel,
  deadline,
  drain,
  lose,
  on,
  purge,
  raise,
  register,
  remove,
  report,
  retry,
  settings,
  shell,
  submit,
} from "./support/bodies.ts";
import { commandEntry } from "./support/harness.ts";

const reports = report("a.1.1", 1, AttemptOutcome.SUCCEEDED);
const two: CommandBody =
  reports.$case === "reportAttempts"
    ? { $case: "reportAttempts", value: { items: [...reports.value.items, ...reports.value.items] } }
    : reports;

test.each<[CommandBody, string]>([
  [submit({ jobId: "a" }), 'SubmitJob a "echo hello"'],
  [submit({ jobId: "a" }, { jobId: "b" }), 'SubmitJob 2 items, first a "echo hello"'],
  [submit({ jobId: "a", task: shell("x".repeat(200)) }), `SubmitJob a "${"x".repeat(79)}…"`],
  [submit({ jobId: "a", task: shell("one\ntwo") }), 'SubmitJob a "one\\ntwo"'],
  [assign("a.1.1", 1, on(2)), "AssignJob a.1.1 to node 2"],
  [reports, "UpdateJobStatus a.1.1 attempt 1"],
  [two, "BatchUpdateJobStatus 2 attempts"],
  [retry("a.1.1", 5), "RetryDue a.1.1"],
  [deadline("a.1.1", 1, 5), "DeadlineDue a.1.1"],
  [cancel("a"), "CancelJob a"],
  [remove("a"), "DeleteJob a"],
  [purge(5), "Purge up to 5"],
  [register(1), "RegisterWorker node 1 incarnation 1 at 127.0.0.1:50051"],
  [lose(1), "MarkNodesLost node 1"],
  [drain(1), "SetNodeDraining node 1 on"],
  [settings({}, true), "SetClusterSettings if absent"],
  [raise(1), "RaiseFeatureLevel 1"],
  [{ $case: "fireDue", value: { items: [] } }, "FireDue nothing"],
])("%j in one line", (body, line) => {
  expect(describeCommand(commandEntry(1, body))).toBe(line);
});

test("entries of Raft itself and what cannot be read have names too", () => {
  const data = new Uint8Array([255, 255]);
  expect(describeCommand({ index: 1, term: 1, type: "noop", data })).toBe("Noop");
  expect(describeCommand({ index: 1, term: 1, type: "config", data })).toBe("ChangeMembership");
  expect(describeCommand({ index: 1, term: 1, type: "normal", data })).toBe("Unknown");
});
