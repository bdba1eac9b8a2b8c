import { describe, expect, test } from "@jest/globals";
import { CancelJobRequest, ListJobsRequest, SubmitJobRequest } from "@coxswain/protocol";
import type { ResourceLimits } from "@coxswain/protocol";
import { ValidationError } from "../src/errors.ts";
import { DEFAULT_LIMITS } from "../src/limits.ts";
import { checkedBefore, Validator } from "../src/validate.ts";
import { submit } from "./requests.ts";

const validator = new Validator(DEFAULT_LIMITS, () => "made-here");

function problems(run: () => unknown): { field: string; problem: string }[] {
  try {
    run();
  } catch (error) {
    if (error instanceof ValidationError) return [...error.fields];
    throw error;
  }
  return [];
}

const fieldsOf = (parts: object): string[] =>
  problems(() => validator.submit(submit(parts))).map(({ field }) => field);

const webhook = (value: object) =>
  ({ task: { kind: { $case: "webhook", value: { url: "https://example.com/hook", ...value } } } }) as const;
const process = (value: object) => ({ task: { kind: { $case: "process", value } } }) as const;

describe("a submit takes its one form", () => {
  test("a command becomes a process with a shell line", () => {
    const checked = validator.submit(submit({ command: "echo hello" }));
    expect(checked.command).toBe("");
    expect(checked.task.kind).toEqual({
      $case: "process",
      value: { shell: "echo hello", argv: [], env: {}, workingDirectory: "" },
    });
  });

  test("a command with an image becomes a container", () => {
    const checked = validator.submit(submit({ command: "echo hello", image: "alpine:latest" }));
    expect(checked.task.kind).toMatchObject({
      $case: "docker",
      value: { image: "alpine:latest", shell: "echo hello" },
    });
  });

  test("without a schedule it is due now, and without an id it gets one", () => {
    const checked = validator.submit(submit({ command: "true" }));
    expect(checked.schedule).toEqual({ kind: { $case: "now", value: {} } });
    expect(checked.jobId).toBe("made-here");
  });

  test("checking it again changes nothing, so a forwarded request is the same request", () => {
    const checked = validator.submit(submit({ command: "true", jobId: "a" }));
    expect(validator.submit(checked)).toEqual(checked);
    expect(checkedBefore(SubmitJobRequest.decode(SubmitJobRequest.encode(checked).finish()))).toEqual(
      checked,
    );
  });
});

describe("what a task may not be", () => {
  test.each([
    ["nothing at all", {}, "command"],
    ["an empty command", { command: "  " }, "command"],
    ["a command and a task", { command: "true", ...process({ shell: "true" }) }, "command"],
    ["an image and a task", { image: "alpine", ...process({ shell: "true" }) }, "image"],
    ["a task of no kind", { task: {} }, "task"],
    ["neither shell nor argv", process({}), "task.process"],
    ["both shell and argv", process({ shell: "true", argv: ["true"] }), "task.process"],
    ["NUL in a shell line", { command: "echo \0" }, "task.shell"],
    ["NUL in an argument", process({ argv: ["echo", "a\0b"] }), "task.argv.1"],
    ["an argv without a program", process({ argv: ["", "x"] }), "task.argv"],
    [
      "a relative working directory",
      process({ shell: "true", workingDirectory: "tmp" }),
      "task.workingDirectory",
    ],
    ["an environment name with =", process({ shell: "true", env: { "A=B": "c" } }), "task.env"],
    ["NUL in an environment value", process({ shell: "true", env: { A: "\0" } }), "task.env"],
    ["an image that is an option", { command: "true", image: "--privileged" }, "task.image"],
    ["a URL of another scheme", webhook({ url: "file:///etc/passwd" }), "task.url"],
    ["a URL with a line break", webhook({ url: "https://example.com/\r\nX: y" }), "task.url"],
    ["a URL with a password", webhook({ url: "https://user:secret@example.com/" }), "task.url"],
    ["no URL", webhook({ url: "" }), "task.url"],
    ["an unknown method", webhook({ method: "TRACE" }), "task.method"],
    ["a header with a line break", webhook({ headers: { "X-A": "b\r\nX-C: d" } }), "task.headers"],
    ["a header name with a space", webhook({ headers: { "X A": "b" } }), "task.headers"],
    ["a header that Coxswain sets", webhook({ headers: { "Idempotency-Key": "mine" } }), "task.headers"],
    ["a payload with GET", webhook({ method: "GET", payload: new Uint8Array(1) }), "task.payload"],
  ])("%s", (_, parts, field) => {
    const [first] = fieldsOf(parts);
    expect(first).toBe(field.replace("task.process", "task"));
  });

  test("a literal that looks like shell is only text in an argv", () => {
    expect(fieldsOf(process({ argv: ["echo", "$(reboot)", "; rm -rf /"] }))).toEqual([]);
  });
});

describe("limits of a task", () => {
  const WHOLE = ["memoryBytes", "swapBytes", "pids", "ioBytesPerSecond", "tmpfsBytes", "openFiles"];
  const docker = (value: object) => ({ task: { kind: { $case: "docker", value } } }) as const;

  test.each([
    ...["memoryBytes", "cpus", "pids", "ioBytesPerSecond", "tmpfsBytes", "openFiles"].map(
      (name) => [name, 0] as const,
    ),
    ...[...WHOLE, "cpus"].flatMap((name) =>
      [-1, NaN, Infinity, -Infinity].map((value) => [name, value] as const),
    ),
    ...WHOLE.map((name) => [name, 1.5] as const),
    ...WHOLE.map((name) => [name, 2 ** 53] as const),
    ["cpus", 0.001] as const,
    ["cpus", 5_000] as const,
    ["pids", 2 ** 22 + 1] as const,
    ["openFiles", 2 ** 20 + 1] as const,
  ])("case 18: %s of %d is refused with the field named, before anything is created", (name, value) => {
    const limits = { [name]: value };
    const named = new Set([`task.limits.${name}`]);
    expect(new Set(fieldsOf(process({ shell: "true", limits })))).toEqual(named);
    expect(new Set(fieldsOf(docker({ shell: "true", limits })))).toEqual(named);
  });

  test("are kept as they were asked for; what was not asked stays unset", () => {
    const limits = { memoryBytes: 32 * 1024 ** 2, swapBytes: 0, cpus: 0.2 };
    const { task } = validator.submit(submit(process({ shell: "true", limits })));
    expect(task.kind?.value).toMatchObject({ limits });
    const { pids, ioBytesPerSecond } = (task.kind?.value as { limits: ResourceLimits }).limits;
    expect([pids, ioBytesPerSecond]).toEqual([undefined, undefined]);
  });
});

describe("limits count bytes and are inclusive", () => {
  test.each([
    ["a command", 8_192, (n: number) => ({ command: "x".repeat(n) })],
    ["a payload", 65_536, (n: number) => webhook({ payload: new Uint8Array(n) })],
    ["arguments", 256, (n: number) => process({ argv: Array.from({ length: n }, () => "x") })],
    [
      "environment entries",
      128,
      (n: number) =>
        process({
          shell: "true",
          env: Object.fromEntries(Array.from({ length: n }, (_, i) => [`A${String(i)}`, ""])),
        }),
    ],
    [
      "headers",
      64,
      (n: number) =>
        webhook({ headers: Object.fromEntries(Array.from({ length: n }, (_, i) => [`X-${String(i)}`, ""])) }),
    ],
    ["attempts", 100, (n: number) => ({ command: "true", policy: { maxAttempts: n } })],
    ["a timeout", 7 * 24 * 3_600_000, (n: number) => ({ command: "true", policy: { timeoutMs: n } })],
  ])("%s: %d and not one more", (_, limit, of) => {
    expect(fieldsOf(of(limit))).toEqual([]);
    expect(fieldsOf(of(limit + 1))).toHaveLength(1);
  });

  test("four-byte characters count four", () => {
    expect(fieldsOf({ command: "🚣".repeat(2_048) })).toEqual([]);
    expect(fieldsOf({ command: "🚣".repeat(2_049) })).toEqual(["task.shell"]);
  });

  test("a limit can be set", () => {
    const narrow = new Validator({ ...DEFAULT_LIMITS, maxCommandBytes: 4 }, () => "id");
    expect(problems(() => narrow.submit(submit({ command: "12345" })))).toEqual([
      { field: "task.shell", problem: "must be at most 4 bytes" },
    ]);
  });
});

describe("ids, schedules, policies", () => {
  test.each(["../x", "a/b", ".", "..", "a b", "ä", "x".repeat(129)])("the job id %j is refused", (jobId) => {
    expect(fieldsOf({ command: "true", jobId })).toEqual(["jobId"]);
  });

  test.each(["a", "0190b2f0-3c00-7000-8000-000000000000", "back.up_1-x", "__proto__", "x".repeat(128)])(
    "the job id %j is fine",
    (jobId) => {
      expect(fieldsOf({ command: "true", jobId })).toEqual([]);
    },
  );

  test.each([
    ["a broken expression", { expression: "61 * * * *" }, "schedule.expression"],
    ["an impossible day", { expression: "0 0 30 2 *" }, "schedule.expression"],
    ["an unknown zone", { expression: "@daily", timeZone: "Mars/Olympus" }, "schedule.timeZone"],
    ["an end before its beginning", { expression: "@daily", firstMs: 2, lastMs: 1 }, "schedule.lastMs"],
    ["a negative instant", { expression: "@daily", firstMs: -1 }, "schedule.firstMs"],
  ])("a cron schedule with %s names its field", (_, value, field) => {
    expect(fieldsOf({ command: "true", schedule: { kind: { $case: "cron", value } } })).toEqual([field]);
  });

  test.each([
    [{ maxAttempts: 1.5 }, "policy.maxAttempts"],
    [{ timeoutMs: -1 }, "policy.timeoutMs"],
    [{ timeoutMs: Number.NaN }, "policy.timeoutMs"],
    [{ retryInitialMs: 10, retryMaxMs: 5 }, "policy.retryMaxMs"],
    [{ misfire: 9 as 0 }, "policy.misfire"],
  ])("the policy %j is refused", (policy, field) => {
    expect(
      problems(() =>
        validator.submit({
          ...submit({ command: "true" }),
          policy: { ...submit({ policy: {} }).policy!, ...policy },
        }),
      ).map((p) => p.field),
    ).toEqual([field]);
  });

  test("every field at fault is named at once", () => {
    expect(fieldsOf({ ...webhook({ url: "x", method: "Y" }), jobId: "/" })).toEqual([
      "jobId",
      "task.url",
      "task.method",
    ]);
  });
});

describe("other requests", () => {
  test("a page has at most 1000 entries", () => {
    const of = (pageSize: number) =>
      problems(() => validator.listJobs(ListJobsRequest.fromPartial({ pageSize })));
    expect(of(0)).toEqual([]);
    expect(of(1_000)).toEqual([]);
    expect(of(1_001)).toEqual([{ field: "pageSize", problem: "must be from 0 to 1000" }]);
  });

  test("a status filter is a status", () => {
    expect(
      problems(() => validator.listJobs({ ...ListJobsRequest.fromPartial({}), statusFilter: 7 as 6 })),
    ).toHaveLength(1);
  });

  test("a cancel names its job and keeps its reason short", () => {
    const request = CancelJobRequest.fromPartial({ jobId: "", reason: "x".repeat(1_025) });
    expect(problems(() => validator.cancel(request)).map(({ field }) => field)).toEqual(["jobId", "reason"]);
  });
});
