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

const shell = (line: string): { kind: "process"; shell: string } => ({ kind: "process", shell: line });

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
      status: async () => jobStatus(),
      waitFor: async () => jobStatus(),
    });
    expect(ran.exitCode).toBe(0);
    expect(ran.stderr).toBe("");
    expect(ran.stdout).toMatch(/^j1\nJob +j1\nStatus +COMPLETED\n[^]*Output\nhello\n$/);
  });

  test("says why it waits when no node can take the job", async () => {
    const ran = await cox(["job", "submit", "echo hello", "--wait"], {
      submit,
      status: async () =>
        jobStatus({ status: "PENDING", pendingReason: "No node offers process: no sandbox" }),
      waitFor: async () => jobStatus(),
    });
    expect(ran).toMatchObject({ exitCode: 0, stderr: "The job waits. No node offers process: no sandbox\n" });
  });

  test("waits and exits with 1 when the job did not complete", async () => {
    const waitFor = async (): Promise<ReturnType<typeof jobStatus>> =>
      jobStatus({ status: "FAILED", exitCode: 3 });
    const ran = await cox(["job", "submit", "false", "--wait", "-o", "json"], {
      submit,
      status: waitFor,
      waitFor,
    });
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
    ["a shell line", ["echo hello"], { task: shell("echo hello") }],
    ["an image", ["--image", "alpine", "ls"], { task: { kind: "docker", image: "alpine", shell: "ls" } }],
    [
      "an image, and --docker beside it",
      ["--docker", "--image", "alpine:latest", "echo hello"],
      { task: { kind: "docker", image: "alpine:latest", shell: "echo hello" } },
    ],
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
    ["+3s", ["--at", "+3s", "x"], { task: shell("x"), schedule: { kind: "at", atMs: nowMs + 3_000 } }],
    [
      "RFC 3339",
      ["--at", "2026-05-06T07:08:09+02:00", "x"],
      { task: shell("x"), schedule: { kind: "at", atMs: Date.UTC(2026, 4, 6, 5, 8, 9) } },
    ],
    [
      "epoch seconds",
      ["--at", "1800000000", "x"],
      { task: shell("x"), schedule: { kind: "at", atMs: 1_800_000_000_000 } },
    ],
    [
      "a plain UTC time",
      ["--at", "2026-05-06 07:08:09", "x"],
      { task: shell("x"), schedule: { kind: "at", atMs: Date.UTC(2026, 4, 6, 7, 8, 9) } },
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
        task: shell("x"),
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
      { task: shell("x"), policy: { maxAttempts: 5, timeoutMs: 5_400_000, onNodeLoss: "fail", priority: 7 } },
    ],
    ["a program like a flag", ["--", "--help"], { task: { kind: "process", argv: ["--help"] } }],
    [
      "a program and its arguments, which no shell reads",
      ["--docker", "--", "echo", "$(reboot)", "--docker", "--"],
      { task: { kind: "docker", argv: ["echo", "$(reboot)", "--docker", "--"] } },
    ],
    ["a program alone", ["--", "a b"], { task: { kind: "process", argv: ["a b"] } }],
    ["flags after the command", ["ls", "--pids", "3"], { task: { ...shell("ls"), limits: { pids: 3 } } }],
    [
      "an environment and a working directory",
      ["--env", "A=1", "--env", "B==x y\n", "--env", "A=2", "--workdir", "/tmp", "x"],
      { task: { ...shell("x"), env: { A: "2", B: "=x y\n" }, workingDirectory: "/tmp" } },
    ],
    [
      "all limits",
      "--memory 32m --swap 0 --cpu 0.2 --pids 16 --io 1MB --tmp 64KiB --open-files 256 x".split(" "),
      {
        task: {
          ...shell("x"),
          limits: {
            memoryBytes: 32 * 1024 ** 2,
            swapBytes: 0,
            cpus: 0.2,
            pids: 16,
            ioBytesPerSecond: 1024 ** 2,
            tmpfsBytes: 65_536,
            openFiles: 256,
          },
        },
      },
    ],
    [
      "sizes in other words",
      ["--memory", "1.5g", "--tmp", "4096", "x"],
      { task: { ...shell("x"), limits: { memoryBytes: 1.5 * 1024 ** 3, tmpfsBytes: 4_096 } } },
    ],
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
    [["--none", "--image", "x"], "need a command"],
    [["--none", "--memory", "1m"], "need a command"],
    [["--webhook", "http://h/", "--env", "A=1"], "need a command"],
    [["a", "--", "b"], "too many arguments"],
    [["--", ""], "empty"],
    [["--image", "", "a"], "--image is empty"],
    [["a", "--memory", "0"], "at least 1 byte"],
    [["a", "--memory", "-1"], "--memory"],
    [["a", "--memory", "NaN"], "size such as 32m"],
    [["a", "--memory", "Infinity"], "size such as 32m"],
    [["a", "--memory", "1.5"], "size such as 32m"],
    [["a", "--memory", "9999999t"], "size such as 32m"],
    [["a", "--memory", "32 megs"], "size such as 32m"],
    [["a", "--swap", "none"], "size such as 32m"],
    [["a", "--cpu", "0"], "number above 0"],
    [["a", "--cpu", "1e9"], "number above 0"],
    [["a", "--cpu", "NaN"], "number above 0"],
    [["a", "--pids", "1.5"], "whole number from 1"],
    [["a", "--open-files", "0"], "whole number from 1"],
    [["a", "--env", "A"], "NAME=value"],
    [["a", "--env", "1A=x"], "NAME=value"],
    [["a", "--workdir", "tmp"], "absolute path"],
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
