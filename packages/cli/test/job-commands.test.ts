import { describe, expect, test } from "@jest/globals";
import type { AttemptView, ExecutionView, ListOptions } from "@coxswain/client";
import { cox, failure, jobStatus, listItem, nowMs } from "./fake-cli.ts";

describe("cox job status", () => {
  test("shows status, exit code, node, times and output", async () => {
    const { stdout, exitCode } = await cox(["job", "status", "j1"], { status: async () => jobStatus() });
    expect(exitCode).toBe(0);
    expect(stdout).toBe(`Job         j1
Status      COMPLETED
State       FINISHED
Exit code   0
Node        2
Runs        echo hello
Schedule    now
Owner       alice
Created     2026-01-02T15:04:05.000Z
Completed   2026-01-02T15:04:05.012Z
Executions  1
Attempts    1
Output
hello
`);
  });

  test("says why a job waits", async () => {
    const pendingReason = "No node offers docker: connect ENOENT";
    const status = async (): Promise<ReturnType<typeof jobStatus>> =>
      jobStatus({ status: "PENDING", exitCode: undefined, pendingReason });
    const { stdout } = await cox(["job", "status", "j1"], { status });
    expect(stdout).toContain(`Status      PENDING\nWaits       ${pendingReason}\n`);
  });

  test("gives stable JSON, with output as text and as bytes", async () => {
    const { stdout } = await cox(["job", "status", "j1", "-o", "json"], {
      status: async () => jobStatus({ output: Buffer.from([0xff, 0x0a]), exitCode: undefined }),
    });
    expect(JSON.parse(stdout)).toEqual({
      job_id: "j1",
      status: "COMPLETED",
      state: "FINISHED",
      owner: "alice",
      task: { kind: "process", shell: "echo hello", argv: [], env: {}, working_directory: "", limits: null },
      schedule: { kind: "now" },
      output: "\uFFFD\n",
      output_base64: "/wo=",
      exit_code: null,
      error: "",
      error_type: "",
      assigned_worker: 2,
      executed_by: 2,
      created_at_ms: nowMs,
      completed_at_ms: nowMs + 12,
      next_due_ms: null,
      executions: 1,
      attempts: 1,
      missed_occurrences: 0,
      latest_execution_id: "j1.5.1",
      cancel_reason: "",
      pending_reason: "",
    });
  });

  test("shows a job's own control characters instead of obeying them", async () => {
    const evil = jobStatus({
      output: Buffer.from("\u001B[2Jgone\r\nbell\u0007\u009b"),
      task: { kind: "process", shell: "a\nb\u001B]0;x" },
    });
    const { stdout } = await cox(["job", "status", "j1"], { status: async () => evil });
    expect(stdout).toContain("\\e[2Jgone\nbell\\x07\\x9b\n");
    expect(stdout).toContain("a\\nb\\e]0;x");
    // eslint's no-control-regex knows no intent, so look at code points.
    expect([...stdout].some((character) => character !== "\n" && character < " ")).toBe(false);
  });

  test.each([
    ["JOB_NOT_FOUND", "not-found", 3, "cox job list"],
    ["PERMISSION_DENIED", "denied", 4, ""],
    ["UNAUTHENTICATED", "denied", 4, "cox cert issue"],
    ["UNREACHABLE", "unavailable", 5, "cox server start"],
    ["TOO_MANY", "exhausted", 5, ""],
    ["ALREADY_FINISHED", "conflict", 6, ""],
    ["CONNECTION_LOST", "unknown-outcome", 7, "--ca-cert"],
    ["INTERNAL", "internal", 1, ""],
    ["BAD_ID", "invalid", 2, ""],
  ])("tells %s (%s) by exit code %i in at most two lines", async (code, category, exitCode, hint) => {
    const ran = await cox(["job", "status", "j1"], {
      status: async () => Promise.reject(failure(code, category)),
    });
    expect(ran).toMatchObject({ exitCode, stdout: "", closed: 1 });
    expect(ran.stderr).toMatch(new RegExp(`^error: why \\[${code}\\]\\n([^\\n]+\\n)?$`));
    expect(ran.stderr).toContain(hint);
  });
});

describe("cox job list", () => {
  const jobs = [
    listItem(),
    listItem({
      jobId: "a-longer-id",
      status: "PENDING",
      state: "ACTIVE",
      assignedWorker: undefined,
      nextDueMs: nowMs,
      schedule: "cron @daily",
      command: "x".repeat(80),
    }),
  ];

  test("shows an aligned table and where it goes on", async () => {
    const { stdout } = await cox(["job", "list"], {
      list: async () => ({ jobs, nextPageToken: "t2", totalCount: 9 }),
    });
    const lines = stdout.split("\n");
    expect(lines[0]).toBe(
      "ID           STATUS     STATE     KIND     NODE  CREATED                   NEXT DUE                  SCHEDULE     RUNS",
    );
    expect(lines[1]).toBe(
      "j1           COMPLETED  FINISHED  process  2     2026-01-02T15:04:05.000Z  -                         now          echo hello",
    );
    expect(lines[2]).toMatch(/^a-longer-id {2}PENDING {4}ACTIVE {4}process {2}- .* x{59}…$/);
    expect(lines[3]).toBe("More: --page-token t2, or --all.");
  });

  test("hands all filters on", async () => {
    const asked: (ListOptions | undefined)[] = [];
    const flags =
      "--page-size 5 --page-token t --status timed-out --worker 3 --command-substr Foo --created-after-ms 1 --created-before-ms 2 --owner bob --stale".split(
        " ",
      );
    await cox(["job", "list", ...flags], {
      list: async (options) => (asked.push(options), { jobs: [], nextPageToken: undefined, totalCount: 0 }),
    });
    expect(asked).toEqual([
      {
        pageSize: 5,
        pageToken: "t",
        status: "TIMED_OUT",
        workerId: 3,
        command: "Foo",
        createdAfterMs: 1,
        createdBeforeMs: 2,
        owner: "bob",
        stale: true,
      },
    ]);
  });

  test("gives a page as JSON", async () => {
    const { stdout } = await cox(["job", "list", "-o", "json"], {
      list: async () => ({ jobs: jobs.slice(0, 1), nextPageToken: undefined, totalCount: 1 }),
    });
    expect(JSON.parse(stdout)).toEqual({
      jobs: [
        {
          job_id: "j1",
          command: "echo hello",
          kind: "process",
          schedule: "now",
          status: "COMPLETED",
          state: "FINISHED",
          owner: "alice",
          assigned_worker: 2,
          created_at_ms: nowMs,
          completed_at_ms: nowMs + 12,
          next_due_ms: null,
        },
      ],
      next_page_token: "",
      total_count: 1,
    });
  });

  test("gives all pages with --all, and a JSON text a line with --stream", async () => {
    const each = async function* (): AsyncGenerator<ReturnType<typeof listItem>> {
      yield* jobs;
    };
    const all = await cox(["job", "list", "--all", "-o", "json"], { listAll: each });
    expect(JSON.parse(all.stdout)).toMatchObject({
      jobs: [{ job_id: "j1" }, { job_id: "a-longer-id" }],
      total_count: 2,
    });
    const asked: unknown[] = [];
    const streamed = await cox(["job", "list", "--stream", "--status", "completed", "-o", "json"], {
      stream: (filter) => (asked.push(filter), each()),
    });
    expect(
      streamed.stdout
        .trimEnd()
        .split("\n")
        .map((line) => (JSON.parse(line) as { job_id: string }).job_id),
    ).toEqual(["j1", "a-longer-id"]);
    expect(asked).toEqual([{ status: "COMPLETED" }]);
    expect((await cox(["job", "list", "--stream"], { stream: each })).stdout).toMatch(/^j1 {2}COMPLETED/);
  });

  test.each([
    [["--status", "odd"]],
    [["--page-size", "0"]],
    [["--page-size", "1001"]],
    [["--stream", "--worker", "1"]],
    [["--created-after-ms", "x"]],
  ])("refuses %j", async (flags) => {
    expect((await cox(["job", "list", ...flags])).exitCode).toBe(2);
  });
});

describe("cox job cancel and delete", () => {
  test("say what became of the job", async () => {
    const reasons: unknown[] = [];
    const cancelled = await cox(["job", "cancel", "j1", "--reason", "no need"], {
      cancel: async (id, options) => (reasons.push(id, options), { status: "CANCELLED", message: "" }),
    });
    expect(cancelled.stdout).toBe("Job j1 is CANCELLED.\n");
    expect(reasons).toEqual(["j1", { reason: "no need" }]);
    const running = await cox(["job", "cancel", "j1"], {
      cancel: async () => ({ status: "RUNNING", message: "" }),
    });
    expect(running.stdout).toBe("Job j1 is being stopped.\n");
    const json = await cox(["job", "cancel", "j1", "-o", "json"], {
      cancel: async () => ({ status: "CANCELLED", message: "m" }),
    });
    expect(JSON.parse(json.stdout)).toEqual({ job_id: "j1", status: "CANCELLED", message: "m" });
    expect((await cox(["job", "delete", "j1"], { delete: async () => undefined })).stdout).toBe(
      "Job j1 is deleted.\n",
    );
    expect(
      JSON.parse(
        (await cox(["job", "delete", "j1", "-o", "json"], { delete: async () => undefined })).stdout,
      ),
    ).toEqual({ job_id: "j1", deleted: true });
  });

  test("need an id", async () => {
    expect(await cox(["job", "cancel"])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("'id'"),
    });
  });
});

describe("cox job executions", () => {
  const attempt = (fields: Partial<AttemptView>): AttemptView => ({
    number: 1,
    nodeId: 2,
    assignedAtMs: nowMs,
    startedAtMs: nowMs,
    endedAtMs: nowMs + 1_234,
    outcome: "FAILED",
    exitCode: 3,
    signal: "",
    httpStatus: undefined,
    errorType: "EXIT_CODE",
    errorMessage: "it\nfailed",
    output: Buffer.from("x"),
    outputBytes: 1,
    ...fields,
  });
  const execution = (fields: Partial<ExecutionView>): ExecutionView => ({
    id: "j1.5.1",
    jobId: "j1",
    number: 1,
    origin: "SCHEDULED",
    status: "COMPLETED",
    dueMs: nowMs,
    createdAtMs: nowMs,
    finishedAtMs: nowMs + 9,
    retryAtMs: undefined,
    attempts: [],
    ...fields,
  });
  const executions = [
    execution({ number: 2, status: "PENDING" }),
    execution({
      attempts: [
        attempt({}),
        attempt({
          number: 2,
          nodeId: 3,
          outcome: "SUCCEEDED",
          exitCode: 0,
          errorType: "",
          errorMessage: "",
          startedAtMs: undefined,
        }),
      ],
    }),
  ];

  test("shows a line for each attempt", async () => {
    const { stdout } = await cox(["job", "executions", "j1"], {
      executions: async () => ({ executions, nextPageToken: "7" }),
    });
    expect(stdout.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
      ["EXECUTION", "STATUS", "DUE", "ATTEMPT", "NODE", "OUTCOME", "EXIT", "STARTED", "TOOK", "ERROR"],
      ["2", "PENDING", "2026-01-02T15:04:05.000Z", "-", "-", "-", "-", "-", "-"],
      [
        "1",
        "COMPLETED",
        "2026-01-02T15:04:05.000Z",
        "1",
        "2",
        "FAILED",
        "3",
        "2026-01-02T15:04:05.000Z",
        "1.2s",
        "EXIT_CODE: it\\nfailed",
      ],
      ["1", "COMPLETED", "2026-01-02T15:04:05.000Z", "2", "3", "SUCCEEDED", "0", "-", "-"],
      ["More: --page-token 7"],
      [""],
    ]);
  });

  test("gives them as JSON", async () => {
    const { stdout } = await cox(["job", "executions", "j1", "-o", "json"], {
      executions: async () => ({ executions, nextPageToken: undefined }),
    });
    expect(JSON.parse(stdout)).toMatchObject({
      executions: [
        { number: 2, attempts: [], retry_at_ms: null },
        {
          execution_id: "j1.5.1",
          attempts: [
            { number: 1, node_id: 2, outcome: "FAILED", exit_code: 3, output: "x" },
            { started_at_ms: null },
          ],
        },
      ],
      next_page_token: "",
    });
  });
});
