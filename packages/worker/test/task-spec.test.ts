import { expect, test } from "@jest/globals";
import { Job, Task } from "@coxswain/state-machine";
import { executorTask } from "../src/task-spec.ts";

/** As it comes out of the log. */
const stored = (kind: object): Job =>
  Job.fromPartial({ id: "a", task: Task.decode(Task.encode(Task.fromPartial({ kind } as object)).finish()) });

test("a shell line reaches its executor as nothing but a shell line", () => {
  expect(executorTask(stored({ $case: "process", value: { shell: "echo hello" } }))).toEqual({ kind: "process", shell: "echo hello" });
});

test("an argv reaches it literally, with environment, directory and the limits that were asked for", () => {
  const value = { argv: ["echo", "$(reboot)"], env: { A: "1" }, workingDirectory: "/tmp", limits: { memoryBytes: 2 ** 40, swapBytes: 0, cpus: 0.2 } };
  const task = executorTask(stored({ $case: "process", value }));
  expect(task).toStrictEqual({ kind: "process", ...value });
});

test("a container keeps its image; limits without a limit are none", () => {
  const value = { image: "alpine:latest", limits: {} };
  expect(executorTask(stored({ $case: "docker", value }))).toStrictEqual({ kind: "docker", image: "alpine:latest" });
});

test("a webhook keeps what it names", () => {
  expect(executorTask(stored({ $case: "webhook", value: { url: "http://h/" } }))).toStrictEqual({ kind: "webhook", url: "http://h/" });
  const value = { url: "http://h/", method: "PUT", headers: { A: "b" }, payload: new Uint8Array([1]) };
  expect(executorTask(stored({ $case: "webhook", value }))).toMatchObject({ kind: "webhook", ...value, payload: expect.objectContaining({ length: 1 }) });
});

test("what needs no executor, or is of no kind, has none", () => {
  expect(executorTask(stored({ $case: "none", value: {} }))).toBeUndefined();
  expect(executorTask(Job.fromPartial({ id: "a" }))).toBeUndefined();
});
