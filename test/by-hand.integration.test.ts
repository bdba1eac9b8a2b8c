/**
 * What README tells a stranger to type, typed: the commands of "A cluster by hand", and a single node without anything.
 */
import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { freePort } from "../scripts/lib/cluster.mjs";
import { until } from "../scripts/lib/until.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const COX = join(ROOT, "apps/cli/bin/cox.js");

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "by-hand-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function cox(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [COX, ...args], { cwd: directory, env: { ...process.env, ...env } }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

/** Ends a process that this test started, by its id, and waits for it. */
async function end(child: ChildProcess): Promise<number | null> {
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  return await exited;
}

test("the commands of README form a cluster and run jobs on it", async () => {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const block = /## A cluster by hand[\s\S]*?```sh\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  const commands = block
    .replaceAll("npx cox", `'${process.execPath}' '${COX}'`)
    .replaceAll("50051", String(ports[0]))
    .replaceAll("50052", String(ports[1]))
    .replaceAll("50053", String(ports[2]))
    // Nothing outside this machine is called; the submit is what is shown.
    .replaceAll("https://example.org", "http://127.0.0.1:9");
  // Give the job a moment, as a person would; end the nodes as a person would.
  const script = `set -eu
trap 'kill $(jobs -p) && wait' EXIT
${commands.replace(/(.*job status.*)/, `for i in $(seq 100); do '${process.execPath}' '${COX}' job status $ID | grep -q COMPLETED && break; done\n$1`)}`;
  const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((resolve, reject) => {
    execFile("bash", ["-c", script], { cwd: directory, timeout: 110_000, env: { ...process.env, COX_LOG_LEVEL: "error" } }, (error, out, err) =>
      error === null ? resolve({ stdout: out, stderr: err }) : reject(new Error(`${error.message}\n${out}\n${err}`)),
    );
  });
  expect(stderr).not.toMatch(/error/i);
  expect(stdout).toMatch(/COMPLETED/);
  expect(stdout).toMatch(/exit code\s+0/i);
  expect(stdout).toMatch(/hello/);
  expect(stdout).toMatch(/Node \d leads now/);
  expect(stdout).toMatch(/Node 2 takes work again/);
  expect(stdout).toMatch(/RegisterWorker node 1/);
}, 120_000);

test("one node without peers and TLS serves loopback, and every command has a JSON form", async () => {
  const address = `127.0.0.1:${await freePort()}`;
  const flags = ["--listen", address, "--data-dir", join(directory, "data"), "--allow-unlimited-processes"];
  const server = spawn(process.execPath, [COX, "server", "start", ...flags], { stdio: "ignore" });
  const env = { COX_SERVER: address };
  const json = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { code, stdout, stderr } = await cox([...args, "-o", "json"], env);
    if (code !== 0) throw new Error(`cox ${args.join(" ")}: ${code} ${stderr}`);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  try {
    const status = await until("the node leads", async () => {
      const seen = await json("cluster", "status");
      return seen["leader_id"] === 1 && seen;
    });
    expect(status["nodes"]).toHaveLength(1);
    const submitted = await json("job", "submit", "echo hello; exit 3", "--max-attempts", "1");
    const id = String(submitted["job_id"]);
    const ended = await until("the job has ended", async () => {
      const seen = await json("job", "status", id);
      return seen["status"] === "FAILED" && seen;
    });
    expect(ended).toMatchObject({ job_id: id, exit_code: 3, executed_by: 1, output: "hello\n" });
    expect(await json("job", "executions", id)).toHaveProperty("executions");
    expect(await json("job", "list", "--status", "failed")).toHaveProperty("jobs", expect.arrayContaining([expect.objectContaining({ job_id: id })]));
    const later = await json("job", "submit", "true", "--at", "+1h");
    expect(await json("job", "cancel", String(later["job_id"]), "--reason", "not needed")).toMatchObject({ status: "CANCELLED" });
    expect(await json("log", "list")).toHaveProperty("entries");
    expect(await json("cluster", "drain")).toMatchObject({ success: true });
    expect(await json("cluster", "drain", "--undo")).toMatchObject({ success: true });

    expect(await cox(["job", "status", "no-such-job"], env)).toMatchObject({ code: 3, stderr: expect.stringMatching(/no-such-job/) });
    expect(await cox(["job", "cancel", id], env)).toMatchObject({ code: 6 });
    expect(await cox(["job", "submit", "--cron", "0 0 30 2 *", "true"], env)).toMatchObject({ code: 2, stderr: expect.stringMatching(/day/i) });
    expect(await end(server)).toBe(0);
    expect(await cox(["job", "list", "--request-timeout", "1s"], env)).toMatchObject({ code: 5 });
  } finally {
    if (server.exitCode === null) await end(server);
  }
}, 60_000);
