// The command line against a client that answers from a script, with what it printed and was asked.
import type { ClientOptions, JobListItem, JobStatus } from "@coxswain/client";
import { type CliClient, type CliEnvironment, runCli } from "@coxswain/cli";

export const nowMs: number = Date.UTC(2026, 0, 2, 15, 4, 5);

export function jobStatus(fields: Partial<JobStatus> = {}): JobStatus {
  return {
    jobId: "j1",
    status: "COMPLETED",
    state: "FINISHED",
    owner: "alice",
    task: { kind: "process", shell: "echo hello", argv: [], env: {}, workingDirectory: "" },
    schedule: { kind: "now" },
    output: Buffer.from("hello\n"),
    exitCode: 0,
    error: "",
    errorType: "",
    assignedWorker: 2,
    executedBy: 2,
    createdAtMs: nowMs,
    completedAtMs: nowMs + 12,
    nextDueMs: undefined,
    executions: 1,
    attempts: 1,
    missedOccurrences: 0,
    latestExecutionId: "j1.5.1",
    cancelReason: "",
    pendingReason: "",
    ...fields,
  };
}

export function listItem(fields: Partial<JobListItem> = {}): JobListItem {
  return {
    jobId: "j1",
    command: "echo hello",
    kind: "process",
    schedule: "now",
    status: "COMPLETED",
    state: "FINISHED",
    owner: "alice",
    assignedWorker: 2,
    createdAtMs: nowMs,
    completedAtMs: nowMs + 12,
    nextDueMs: undefined,
    ...fields,
  };
}

const unexpected = (): never => {
  throw new Error("The test did not expect this call.");
};

export function fakeClient(answers: Partial<CliClient> = {}): CliClient {
  return {
    submit: unexpected,
    status: unexpected,
    list: unexpected,
    listAll: unexpected,
    stream: unexpected,
    cancel: unexpected,
    delete: unexpected,
    executions: unexpected,
    clusterStatus: unexpected,
    logEntries: unexpected,
    transferLeadership: unexpected,
    drain: unexpected,
    start: unexpected,
    stop: unexpected,
    logs: unexpected,
    waitFor: unexpected,
    close: () => undefined,
    ...answers,
  };
}

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly stdoutBytes: Uint8Array;
  readonly stderrBytes: Uint8Array;
  readonly connections: readonly ClientOptions[];
  readonly closed: number;
}

export async function cox(
  args: readonly string[],
  answers: Partial<CliClient> = {},
  more: Partial<CliEnvironment> = {},
): Promise<Ran> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  let closed = 0;
  const connections: ClientOptions[] = [];
  const exitCode = await runCli(args, {
    stdout: { write: (text) => void stdout.push(Buffer.from(text)) },
    stderr: { write: (text) => void stderr.push(Buffer.from(text)) },
    env: {},
    connect: (options) => {
      connections.push(options);
      return fakeClient({ close: () => void (closed += 1), ...answers });
    },
    startServer: unexpected,
    version: "9.8.7",
    nowMs: () => nowMs,
    ...more,
  });
  const [stdoutBytes, stderrBytes] = [Buffer.concat(stdout), Buffer.concat(stderr)];
  return {
    exitCode,
    stdout: stdoutBytes.toString(),
    stderr: stderrBytes.toString(),
    stdoutBytes,
    stderrBytes,
    connections,
    closed,
  };
}

export function failure(code: string, category: string, message = "why"): Error {
  return Object.assign(new Error(message), { code, category });
}
