import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { unwatchFile, watchFile } from "node:fs";
import { fileURLToPath } from "node:url";
import type { GuardTarget } from "@coxswain/executor";
import { isAlive } from "./group.ts";

const fakeNode = fileURLToPath(new URL("fake-node.mjs", import.meta.url));
export const guardMain: string = fileURLToPath(new URL("../../src/guard/guard-main.mjs", import.meta.url));

/** A node in a process of its own, with a guard that knows its targets. */
export class GuardedNode {
  readonly child: ChildProcess;
  readonly guardPid: number;
  readonly leaseEndUptimeMs: number;

  private constructor(child: ChildProcess, told: { readonly guardPid: number; readonly leaseEndUptimeMs: number }) {
    this.child = child;
    this.guardPid = told.guardPid;
    this.leaseEndUptimeMs = told.leaseEndUptimeMs;
  }

  /** @param uid of node and guard; default: the test's own */
  static async start(
    targets: readonly GuardTarget[],
    options: { readonly leaseMs: number; readonly directory?: string | undefined; readonly uid?: number },
  ): Promise<GuardedNode> {
    const { leaseMs, directory, uid } = options;
    const args = [fakeNode, guardMain, JSON.stringify(targets), String(leaseMs), ...(directory === undefined ? [] : [directory])];
    const identity = uid === undefined ? {} : { uid, gid: uid };
    const child = spawn(process.execPath, args, { cwd: "/", stdio: ["ignore", "pipe", "inherit"], ...identity });
    const [line] = await once(child.stdout, "data");
    return new GuardedNode(child, JSON.parse(String(line)) as { guardPid: number; leaseEndUptimeMs: number });
  }

  /** Resolves when its event loop turns no more. */
  async wedge(): Promise<void> {
    const wedged = once(this.child.stdout!, "data");
    this.child.kill("SIGUSR2");
    await wedged;
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await gone;
  }

  /** Ends its guard, too. */
  async close(): Promise<void> {
    await this.kill();
    if (isAlive(this.guardPid)) process.kill(this.guardPid, "SIGKILL");
  }
}

export async function untilGone(pid: number): Promise<void> {
  const proc = `/proc/${pid}`;
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (!isAlive(pid)) resolve();
    };
    watchFile(proc, { interval: 10 }, look);
    setImmediate(look);
  });
  unwatchFile(proc);
}
