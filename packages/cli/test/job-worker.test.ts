import { describe, expect, test } from "@jest/globals";
import type { LogExit, LogRecord } from "@coxswain/client";
import { printLogs } from "../src/output/log-printer.ts";
import { cox, failure, jobStatus } from "./fake-cli.ts";

const place = { executionId: "j1.5.1", attempt: 1 };
const exit: LogExit = {
  ...place,
  kind: "exit",
  status: "COMPLETED",
  exitCode: 0,
  signal: "",
  errorType: "",
  error: "",
  outputBytes: 6,
  endedAtMs: 99,
  nodeId: 2,
};
const out = (
  text: string | Uint8Array,
  stream: "stdout" | "stderr" | undefined = "stdout",
  attempt = 1,
): LogRecord => ({
  ...place,
  attempt,
  kind: "output",
  offset: 0,
  stream,
  bytes: Buffer.from(text),
});

/** Logs that bring these records, and what was asked. */
function logs(...records: LogRecord[]) {
  const asked: unknown[] = [];
  return {
    asked,
    logs: async function* (...args: unknown[]) {
      asked.push(args);
      yield* await Promise.resolve(records);
    },
  };
}

describe("cox start", () => {
  test("starts a shell line, or words as they are, and prints the id", async () => {
    const asked: unknown[] = [];
    const start = (spec: unknown) => {
      asked.push(spec);
      return Promise.resolve({ jobId: "j1", status: "RUNNING" as const });
    };
    const { stdout, exitCode } = await cox(["start", "ls -la"], { start });
    expect([stdout, exitCode]).toEqual(["j1\n", 0]);
    await cox(
      ["start", "--memory", "32m", "--cpu", "0.2", "--timeout", "30s", "--id", "mine", "--", "ls", "$(x)"],
      { start },
    );
    expect(asked).toEqual([
      { task: { kind: "process", shell: "ls -la" } },
      {
        task: { kind: "process", argv: ["ls", "$(x)"], limits: { memoryBytes: 32 * 1024 * 1024, cpus: 0.2 } },
        id: "mine",
        timeoutMs: 30_000,
      },
    ]);
    const json = await cox(["start", "-o", "json", "ls"], { start });
    expect(JSON.parse(json.stdout)).toEqual({ job_id: "j1", status: "RUNNING" });
    expect((await cox(["start"], { start })).exitCode).toBe(2);
  });

  test("with --follow leaves stdout to the job alone, and exits with 1 unless it completed", async () => {
    const start = () => Promise.resolve({ jobId: "j1", status: "RUNNING" as const });
    const good = await cox(["start", "-f", "make"], { start, ...logs(out("hello\n"), exit) });
    expect([good.stdout, good.stderr, good.exitCode]).toEqual(["hello\n", "j1\n", 0]);
    const bad = await cox(["start", "-f", "make"], {
      start,
      ...logs(out("no\n", "stderr"), { ...exit, status: "FAILED" }),
    });
    expect([bad.stdout, bad.exitCode]).toEqual(["", 1]);
    expect(bad.stderr).toMatch(/^j1\nno\nerror: Job j1 ended FAILED/);
  });
});

describe("cox logs", () => {
  test("writes the bytes of each stream to that stream exactly, binary or not", async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const { stdoutBytes, stderrBytes, exitCode } = await cox(
      ["logs", "j1"],
      logs(out(bytes), out(bytes.slice(128), "stderr"), out("tail", undefined), {
        ...exit,
        status: "FAILED",
      }),
    );
    expect(stdoutBytes).toEqual(Buffer.concat([bytes, Buffer.from("tail")]));
    expect(stderrBytes).toEqual(Buffer.from(bytes.slice(128)));
    expect(exitCode).toBe(0);
  });

  test("tells on stderr what is missing, and where another attempt begins", async () => {
    const gap = { ...place, kind: "gap", from: 5, to: 1_029 } as const;
    const { stdout, stderr } = await cox(
      ["logs", "j1"],
      logs(out("a"), gap, out("b"), { ...gap, to: undefined }, out("c", "stdout", 2), exit),
    );
    expect(stdout).toBe("abc");
    expect(stderr).toBe(
      "cox: 1024 bytes are missing, from 5 to 1029\ncox: what followed byte 5 was lost with its node\ncox: attempt 2 begins\n",
    );
  });

  test("asks for what the flags say; `cox job logs` is the same", async () => {
    const all = ["-f", "--since-offset", "10", "--attempt", "2", "--execution", "j1.5.1"];
    for (const name of [["logs"], ["job", "logs"]]) {
      const client = logs(exit);
      await cox([...name, "j1"], client);
      await cox([...name, "j1", ...all], client);
      await cox([...name, "j1", "--tail", "4k"], client);
      expect(client.asked).toEqual([
        ["j1", { follow: false }],
        ["j1", { follow: true, offset: 10, attempt: 2, executionId: "j1.5.1" }],
        ["j1", { follow: false, tailBytes: 4_096 }],
      ]);
    }
  });

  test("as JSON are one record a line, bytes in base64, with the exit last", async () => {
    const gap = { ...place, kind: "gap", from: 5, to: undefined } as const;
    const { stdout, stderr } = await cox(
      ["logs", "j1", "-o", "json"],
      logs(out(Uint8Array.of(255)), gap, exit),
    );
    const at = { execution_id: "j1.5.1", attempt: 1 };
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { kind: "output", ...at, offset: 0, stream: "stdout", output_base64: "/w==" },
      { kind: "gap", ...at, from: 5, to: null },
      {
        kind: "exit",
        ...at,
        status: "COMPLETED",
        exit_code: 0,
        signal: "",
        error_type: "",
        error: "",
        output_bytes: 6,
        ended_at_ms: 99,
        node_id: 2,
      },
    ]);
    expect(stderr).toBe("");
  });

  test("wait for a terminal that is slow, and for none when they are called off", async () => {
    const drains: (() => void)[] = [];
    let written = 0;
    const stdout = {
      write: () => {
        written += 1;
        return false;
      },
      once: (_event: "drain", listener: () => void) => drains.push(listener),
    };
    const abort = new AbortController();
    const records = logs(out("a"), out("b"), out("c"), exit).logs();
    const printing = printLogs(records, { stdout, stderr: stdout, signal: abort.signal }, { json: false });
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    await turn();
    expect(written).toBe(1);
    drains.shift()?.();
    await turn();
    expect(written).toBe(2);
    abort.abort();
    expect(await printing).toBe(exit);
  });

  test("fail as other commands do: with the code of the error", async () => {
    const answers = {
      logs: async function* (): AsyncGenerator<LogRecord, void, undefined> {
        yield await Promise.reject<LogRecord>(failure("JOB_PERMISSION_DENIED", "denied"));
      },
    };
    expect((await cox(["logs", "j1"], answers)).exitCode).toBe(4);
  });
});

describe("cox status and cox stop", () => {
  test("cox status is cox job status", async () => {
    const status = () => Promise.resolve(jobStatus());
    const [short, long] = [
      await cox(["status", "j1"], { status }),
      await cox(["job", "status", "j1"], { status }),
    ];
    expect(short.stdout).toBe(long.stdout);
    expect(short.stdout).toContain("hello");
  });

  test("cox stop ends at once, or with a grace; a cancel takes one as well", async () => {
    const asked: unknown[] = [];
    const stop = (...args: unknown[]) => {
      asked.push(args);
      return Promise.resolve({ jobId: "j1", status: "RUNNING" as const });
    };
    expect((await cox(["stop", "j1"], { stop })).stdout).toBe("Job j1 is being stopped.\n");
    await cox(["stop", "j1", "--grace", "5s"], { stop });
    const cancel = (...args: unknown[]) => {
      asked.push(args);
      return Promise.resolve({ status: "CANCELLED" as const, message: "" });
    };
    await cox(["job", "cancel", "j1", "--grace", "0"], { cancel });
    expect(asked).toEqual([
      ["j1", {}],
      ["j1", { graceMs: 5_000 }],
      ["j1", { graceMs: 0 }],
    ]);
  });
});
