import type { LogExit, LogRecord } from "@coxswain/client";
import type { CliEnvironment, TextSink } from "../environment.ts";
import { jsonText, logRecordJson } from "./json.ts";

/** How to print what a job wrote. */
export interface LogForm {
  /** A JSON text for each record, on stdout. Default: the bytes as they are, each stream on its own. */
  readonly json: boolean;
}

/**
 * Prints records as they come, at the pace of whoever reads them: stdout's bytes on stdout and stderr's on stderr,
 * exactly. What is missing is told on stderr, in a line of its own. Resolves with the exit, where there was one.
 */
export async function printLogs(
  records: AsyncIterable<LogRecord>,
  { stdout, stderr, signal }: Pick<CliEnvironment, "stdout" | "stderr" | "signal">,
  { json }: LogForm,
): Promise<LogExit | undefined> {
  let attempt: number | undefined;
  for await (const record of records) {
    if (json) await write(stdout, jsonText(logRecordJson(record), 0), signal);
    else {
      if (attempt !== undefined && record.kind !== "exit" && record.attempt !== attempt)
        await write(stderr, note(`attempt ${String(record.attempt)} begins`), signal);
      attempt = record.attempt;
      await printRecord(record, stdout, stderr, signal);
    }
    if (record.kind === "exit") return record;
  }
  return undefined;
}

async function printRecord(
  record: LogRecord,
  stdout: TextSink,
  stderr: TextSink,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (record.kind === "output")
    await write(record.stream === "stderr" ? stderr : stdout, record.bytes, signal);
  if (record.kind === "gap") await write(stderr, note(gapText(record.from, record.to)), signal);
}

function gapText(from: number, to: number | undefined): string {
  return to === undefined
    ? `what followed byte ${String(from)} was lost with its node`
    : `${String(to - from)} bytes are missing, from ${String(from)} to ${String(to)}`;
}

function note(text: string): string {
  return `cox: ${text}\n`;
}

/** Waits while the reader is slow, unless the whole command is called off. */
async function write(
  sink: TextSink,
  bytes: string | Uint8Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (sink.write(bytes) !== false || sink.once === undefined) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      signal?.removeEventListener("abort", done);
      resolve();
    };
    sink.once?.("drain", done);
    signal?.addEventListener("abort", done);
    if (signal?.aborted === true) done();
  });
}
