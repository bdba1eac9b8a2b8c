/** `coxswaind` as a process: exit codes, and what a person reads. */
import { execFile, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { freePorts, Yard } from "./nodes.ts";

const DAEMON = fileURLToPath(new URL("../bin/coxswaind.js", import.meta.url));
const STRAY = "data:text/javascript,process.on('SIGUSR2', () => void Promise.reject(new Error('stray')))";

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let yard: Yard;
beforeEach(async () => {
  yard = await Yard.open();
});
afterEach(() => yard.destroy());

const env = { PATH: process.env["PATH"] };

function run(argv: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [DAEMON, ...argv], { env, cwd: yard.directory }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}

/** Runs until a line that holds the text, then acts; resolves with the end. */
function runUntil(text: string, argv: readonly string[], act: (pid: number) => void, nodeArgv: readonly string[] = []): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...nodeArgv, DAEMON, "--data-dir", yard.path("data"), ...argv], { env, cwd: yard.directory });
    let [stdout, stderr, acted] = ["", "", false];
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      stdout += part;
      if (acted || !stdout.includes(text)) return;
      acted = true;
      act(child.pid ?? 0);
    });
    child.stderr.setEncoding("utf8").on("data", (part: string) => (stderr += part));
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

test("options that do not hold: exit code 2, every problem on stderr, nothing started", async () => {
  const { code, stdout, stderr } = await run(["--capacity", "many", "--listen", "0.0.0.0:1"]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/--capacity: must be a whole number/);
});

test("--help: exit code 0 on stdout", async () => {
  expect(await run(["--help"])).toMatchObject({ code: 0, stdout: expect.stringContaining("--data-dir"), stderr: "" });
});

test("a start that fails: exit code 1, the reason in the message itself, nothing but the log", async () => {
  const other = await yard.started(["--data-dir", yard.path("other")]);
  const { code, stdout, stderr } = await run(["--data-dir", "data", "--listen", other.node.address]);
  expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
  expect(JSON.parse(stdout.trim().split("\n").at(-1) ?? "")).toMatchObject({
    level: "fatal",
    msg: expect.stringContaining(`could not start: Cannot listen on ${other.node.address}`),
  });
});

test("SIGTERM while the node waits for its founding members: exit code 0", async () => {
  const [port, peer] = await freePorts(2);
  const argv = ["--listen", `127.0.0.1:${port}`, "--peers", `2:127.0.0.1:${peer}`];
  const { code, stdout } = await runUntil("waiting for founding member", argv, (pid) => process.kill(pid, "SIGTERM"));
  expect(code).toBe(0);
  expect(stdout).not.toContain("could not start");
});

test("SIGHUP without TLS changes nothing; SIGINT then stops in order: exit code 0", async () => {
  let pid = 0;
  const { code, stdout } = await runUntil("\"ready\"", ["--port", "0"], (started) => {
    pid = started;
    process.kill(pid, "SIGHUP");
    process.kill(pid, "SIGINT");
  });
  expect(code).toBe(0);
  expect(stdout).toContain("\"stopped\"");
});

test("a rejection that nobody handles is logged as fatal and ends the process: exit code 1", async () => {
  const { code, stdout } = await runUntil("\"ready\"", ["--port", "0"], (pid) => process.kill(pid, "SIGUSR2"), ["--import", STRAY]);
  expect(code).toBe(1);
  expect(stdout).toMatch(/"level":"fatal".*stray/);
});
