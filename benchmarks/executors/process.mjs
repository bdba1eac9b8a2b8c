/** executor-process beside the bare tools: `spawn`, bubblewrap, unshare. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProcessExecutor } from "../../packages/executor-process/dist/index.js";
import { Sandbox } from "../../packages/executor-process/dist/sandbox/sandbox.js";
import { SYSTEM_PATHS } from "../../packages/executor-process/dist/sandbox/view.js";
import { attempt } from "./attempt.mjs";

const ECHO = ["echo", "hello"];
const TMPFS_BYTES = 64 * 1024 * 1024;

export async function open() {
  if (process.platform !== "linux") return { missing: "Linux" };
  const directory = await mkdtemp(join(tmpdir(), "cox-bench-"));
  const executors = [];
  const executorOf = (name, options) => {
    const executor = new ProcessExecutor({ stateDirectory: join(directory, name), allowUnlimitedProcesses: true, ...options });
    executors.push(executor);
    return () => attempt(executor, { kind: "process", argv: ECHO });
  };
  const contestants = [
    { name: "spawn", run: () => bare(ECHO) },
    { name: "process, no sandbox", beside: "spawn", run: executorOf("plain", { isolation: "none" }) },
  ];
  for (const tool of ["bwrap", "unshare"]) {
    const sandbox = await Sandbox.open([tool], SYSTEM_PATHS, process.env.PATH ?? "");
    if (typeof sandbox === "string") {
      console.error(`process: without ${tool}: ${sandbox}`);
      continue;
    }
    const argv = sandbox.argv("/tmp", TMPFS_BYTES, ECHO);
    contestants.push({ name: tool, run: () => bare(argv, sandbox.identity) });
    contestants.push({ name: `process in ${tool}`, beside: tool, run: executorOf(tool, { sandboxTools: [tool] }) });
  }
  const { limitations } = await executors.at(-1).available();
  if (limitations !== undefined) console.error(`process: ${limitations}`);
  const close = async () => {
    for (const executor of executors) await executor.close();
    await rm(directory, { recursive: true });
  };
  return { contestants, close };
}

/** What anyone would write: until the exit and the end of the output. */
async function bare([program, ...args], identity = {}) {
  const child = spawn(program, args, { cwd: "/", env: { PATH: "/usr/bin:/bin" }, stdio: ["ignore", "pipe", "inherit"], ...identity });
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  const [code] = await once(child, "close");
  const endMs = performance.now();
  if (code !== 0 || output !== "hello\n") throw new Error(`${program} ended with ${code}: ${output}`);
  return endMs;
}
