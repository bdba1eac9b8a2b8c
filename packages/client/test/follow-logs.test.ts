import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { ExecutionStatus, JobLogsResponse } from "@coxswain/protocol";
import type { JobRequest } from "@coxswain/protocol";
import { type LogRecord } from "../src/log-records.ts";
import { followLogs, logsAborted } from "../src/follow-logs.ts";
import { typed } from "./fake-cluster.ts";

const HOUR_MS = 3_600_000;
const exit = JobLogsResponse.fromPartial({
  executionId: "a.1.1",
  attempt: 1,
  exit: { status: ExecutionStatus.COMPLETED },
});

/** Follows a job through streams that last so long without a message and then break; the one after them ends. */
async function followed(...lifetimesMs: readonly number[]): Promise<LogRecord[]> {
  let nowMs = 0;
  jest.spyOn(Date, "now").mockImplementation(() => nowMs);
  const left = [...lifetimesMs];
  const open = async function* (_request: JobRequest): AsyncGenerator<JobLogsResponse, void, undefined> {
    await Promise.resolve();
    const lifetimeMs = left.shift();
    if (lifetimeMs !== undefined) {
      nowMs += lifetimeMs;
      throw typed("CONNECTION_LOST", "unavailable");
    }
    yield exit;
  };
  const { signal } = new AbortController();
  const backoff = { initialMs: 0, maxMs: 0 };
  const parts = { open, timeoutMs: 15_000, backoff, signal, aborted: () => logsAborted("a") };
  const seen: LogRecord[] = [];
  for await (const record of followLogs("a", {}, parts)) seen.push(record);
  return seen;
}

test("a tail whose stream breaks before its first byte goes on where it began, and its place is no record", async () => {
  const place = { executionId: "a.1.1", attempt: 1, offset: 7 };
  const asked: JobRequest[] = [];
  const open = async function* (request: JobRequest): AsyncGenerator<JobLogsResponse, void, undefined> {
    await Promise.resolve();
    asked.push(request);
    yield JobLogsResponse.fromPartial(place);
    if (asked.length === 1) throw typed("CONNECTION_LOST", "unavailable");
    yield exit;
  };
  const { signal } = new AbortController();
  const backoff = { initialMs: 0, maxMs: 0 };
  const parts = { open, timeoutMs: 15_000, backoff, signal, aborted: () => logsAborted("a") };
  const seen: LogRecord[] = [];
  for await (const record of followLogs("a", { tailBytes: 5 }, parts)) seen.push(record);
  expect(seen).toMatchObject([{ kind: "exit" }]);
  expect(asked).toMatchObject([{ tailBytes: 5 }, { ...place, tailBytes: undefined }]);
});

describe("logs without anything to say", () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  test("outlive any number of connections, as when each is ended at its age", async () => {
    expect(await followed(HOUR_MS, HOUR_MS, HOUR_MS)).toMatchObject([{ kind: "exit" }]);
  });

  test("are given up when streams break soon, for the time given, however long the last one stood", async () => {
    await expect(followed(10_000, 10_000, 10_000)).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    await expect(followed(HOUR_MS, 8_000, 8_000)).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  });
});
