/**
 * docs/reference/tasks.md names every field that a job may set, and the executor's README every word of `errorType`.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(`${ROOT}${path}`, "utf8");

const store = read("protos/coxswain/v1/store.proto");
const scheduler = read("protos/coxswain/v1/scheduler.proto");
const page = read("docs/reference/tasks.md");

function fieldsOf(proto: string, message: string): string[] {
  const [, body = ""] = new RegExp(`^message ${message} \\{\\n([^]*?)^\\}`, "m").exec(proto) ?? [];
  return [...body.matchAll(/^ +(?:optional |repeated )?[\w.<>, ]+ (\w+) = \d+;/gm)].map(([, name = ""]) => name);
}

describe("docs/reference/tasks.md", () => {
  test.each([
    { message: "SubmitJobRequest", proto: scheduler },
    { message: "ProcessTask", proto: store },
    { message: "DockerTask", proto: store },
    { message: "WebhookTask", proto: store },
    { message: "ResourceLimits", proto: store },
    { message: "AtSchedule", proto: store },
    { message: "CronSchedule", proto: store },
    { message: "Policy", proto: store },
  ])("names every field of $message", ({ message, proto }) => {
    const fields = fieldsOf(proto, message);
    expect(fields).not.toEqual([]);
    expect(fields.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});

test("packages/executor/README.md says what every word of errorType means", () => {
  const [, union = ""] = /export type ErrorType =\n([^;]*);/.exec(read("packages/executor/src/task-result.ts")) ?? [];
  const words = [...union.matchAll(/"(\w+)"/g)].map(([, word = ""]) => word);
  expect(words).not.toEqual([]);
  const readme = read("packages/executor/README.md");
  expect(words.filter((word) => !readme.includes(`\n| ${word} |`))).toEqual([]);
});
