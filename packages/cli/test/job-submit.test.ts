import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import type { JobSpec } from "@coxswain/client";
import { cox, failure, jobStatus, nowMs } from "./fake-cli.ts";

/** What `cox job submit <args>` sends. */
async function sent(...args: string[]): Promise<JobSpec> {
  let spec: JobSpec | undefined;
  const ran = await cox(["job", "submit", ...args], {
    submit: async (given) => {
      spec = given;
      return { jobId: "j1", createdAtMs: nowMs, existed: false };
    },
  });
  if (spec === undefined) throw new Error(`nothing was sent: ${ran.stderr}`);
  return spec;
}

const submit = async (): Promise<{ jobId: string; createdAtMs: number; existed: boolean }> => ({
  jobId: "j1",
  createdAtMs: nowMs,
  existed: false,
});

describe("cox job submit", () => {
  test("prints the id and nothing else", async () => {
    expect(await cox(["job", "submit", "echo hello"], { submit })).toMatchObject({
      exitCode: 0,
      stdout: "j1\n",
      stderr: "",
      closed: 1,
    });
  });

  test("prints JSON when asked to", async () => {
    const { stdout } = await cox(["job", "submit", "-o", "json", "echo hello"], { submit });
    expect(JSON.parse(stdout)).toEqual({ job_id: "j1", created_at_ms: nowMs, existed: false });
  });

  test("waits when told to, shows the job and its output", async () => {
    const ran = await cox(["job", "submit", "echo hello", "--wait"], {
      submit,
      waitFor: async () => jobStatus(),
    });
    expect(ran.exitCode).toBe(0);
    expect(ran.stdout).toMatch(/^j1\nJob +j1\nStatus +COMPLETED\n[^]*Output\nhello\n$/);
  });

  test("waits and exits with 1 when the job did not complete", async () => {
    const waitFor = async (): Promise<ReturnType<typeof jobStatus>> =>
      jobStatus({ status: "FAILED", exitCode: 3 });
    const ran = await cox(["job", "submit", "false", "--wait", "-o", "json"], { submit, waitFor });
    expect(ran.exitCode).toBe(1);
    expect(JSON.parse(ran.stdout)).toMatchObject({ status: "FAILED", exit_code: 3 });
    expect(ran.stderr).toContain("cox job executions j1");
  });

  test("tells an unknown outcome by exit code 7", async () => {
    const ran = await cox(["job", "submit", "a"], {
      submit: async () =>
        Promise.reject(failure("OUTCOME_UNKNOWN", "unknown-outcome", "Repeat it with the same id.")),
    });
    expect(ran).toMatchObject({
      exitCode: 7,
      stdout: "",
      stderr: "error: Repeat it with the same id. [OUTCOME_UNKNOWN]\n",
    });
  });
});

describe("what is sent for", () => {
  test.each<[string, string[], JobSpec]>([
    ["a shell line", ["echo hello"], { command: "echo hello" }],
    ["an image", ["--image", "alpine", "ls"], { command: "ls", image: "alpine" }],
    ["the default image", ["--docker", "ls"], { task: { kind: "docker", shell: "ls" } }],
    ["nothing to run", ["--none", "--id", "n1"], { id: "n1", task: { kind: "none" } }],
    [
      "a webhook",
      [
        "--webhook",
        "http://h/x",
        "--payload",
        "{}",
        "--method",
        "put",
        "--header",
        "A: b",
        "--header",
        "C:d",
      ],
      {
        task: {
          kind: "webhook",
          url: "http://h/x",
          method: "PUT",
          payload: "{}",
          headers: { A: "b", C: "d" },
        },
      },
    ],
    ["+3s", ["--at", "+3s", "x"], { command: "x", schedule: { kind: "at", atMs: nowMs + 3_000 } }],
    [
      "RFC 3339",
      ["--at", "2026-05-06T07:08:09+02:00", "x"],
      { command: "x", schedule: { kind: "at", atMs: Date.UTC(2026, 4, 6, 5, 8, 9) } },
    ],
    [
      "epoch seconds",
      ["--at", "1800000000", "x"],
      { command: "x", schedule: { kind: "at", atMs: 1_800_000_000_000 } },
    ],
    [
      "a plain UTC time",
      ["--at", "2026-05-06 07:08:09", "x"],
      { command: "x", schedule: { kind: "at", atMs: Date.UTC(2026, 4, 6, 7, 8, 9) } },
    ],
    [
      "cron",
      [
        "--cron",
        "30 2 * * *",
        "--tz",
        "Europe/Berlin",
        "--first",
        "2026-05-06 00:00:00",
        "--last",
        "1800000000",
        "x",
      ],
      {
        command: "x",
        schedule: {
          kind: "cron",
          expression: "30 2 * * *",
          timeZone: "Europe/Berlin",
          firstMs: Date.UTC(2026, 4, 6),
          lastMs: 1_800_000_000_000,
        },
      },
    ],
    [
      "a policy",
      ["--max-attempts", "5", "--timeout", "1h30m", "--on-node-loss", "fail", "--priority", "7", "x"],
      { command: "x", policy: { maxAttempts: 5, timeoutMs: 5_400_000, onNodeLoss: "fail", priority: 7 } },
    ],
    ["a command like a flag", ["--", "--help"], { command: "--help" }],
  ])("%s", async (_what, args, spec) => {
    expect(await sent(...args)).toEqual(spec);
  });

  test("a payload in a file is its bytes", async () => {
    const directory = mkdtempSync(join(tmpdir(), "cox-payload-"));
    try {
      writeFileSync(join(directory, "p"), Buffer.from([0, 255]));
      expect(await sent("--webhook", "http://h/", "--payload", `@${join(directory, "p")}`)).toMatchObject({
        task: { payload: Buffer.from([0, 255]) },
      });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe("wrong usage is refused without asking the cluster, with exit code 2:", () => {
  test.each([
    [[], "Say what to run"],
    [["a", "--none"], "Say what to run"],
    [["a", "--webhook", "http://h/"], "Say what to run"],
    [["  "], "empty"],
    [["a", "b"], "too many arguments"],
    [["a", "--payload", "x"], "--webhook"],
    [["--none", "--image", "x"], "container"],
    [["a", "--at", "tomorrow"], "no instant"],
    [["a", "--at", "2026-02-31 00:00:00"], "no instant"],
    [["a", "--at", "1800000000000"], "milliseconds"],
    [["a", "--at", "+3x"], "length of time"],
    [["a", "--at", "+1s", "--cron", "* * * * *"], "--at"],
    [["a", "--tz", "UTC"], "--cron"],
    [["a", "--cron", "0 0 30 2 *"], "day-of-month"],
    [["a", "--cron", "nonsense"], "field"],
    [["a", "--cron", "* * * * *", "--tz", "Mars/Base"], "Mars/Base"],
    [["a", "--max-attempts", "0"], "--max-attempts"],
    [["a", "--priority", "-1"], "--priority"],
    [["a", "--on-node-loss", "pray"], "retry, fail"],
    [["--webhook", "http://h/", "--header", "no colon"], "Name: value"],
    [["a", "--nonsense"], "unknown option"],
  ])("%j", async (args, text) => {
    const ran = await cox(["job", "submit", ...args]);
    expect(ran.exitCode).toBe(2);
    expect(ran.stdout).toBe("");
    expect(ran.stderr.toLowerCase()).toContain(text.toLowerCase());
    expect(ran.stderr).not.toMatch(/\n\s+at /);
  });
});
