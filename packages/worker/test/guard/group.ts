import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { describe } from "@jest/globals";
import type { ProcessGroupTarget } from "@coxswain/executor";

const linux = process.platform === "linux" && existsSync("/proc/uptime");
if (!linux) console.warn("SKIPPED, NOT TESTED: the guard needs Linux and /proc");

/** `describe` for what needs real processes; skipping is said aloud. */
export const describeLinux: typeof describe | typeof describe.skip = linux ? describe : describe.skip;

/** A process group to protect. */
export class Group {
  readonly child: ChildProcess;
  readonly target: ProcessGroupTarget & { readonly marker: string };
  readonly ended: Promise<NodeJS.Signals | null>;

  private constructor(child: ChildProcess, target: Group["target"]) {
    this.child = child;
    this.target = target;
    this.ended = once(child, "exit").then(([, signal]) => signal as NodeJS.Signals | null);
  }

  /** @param line run by `/bin/sh`; must say `ready` on its output */
  static async start(line = "echo ready; exec sleep 1000"): Promise<Group> {
    const marker = `COX_RUN=${randomUUID()}`;
    const child = spawn("/bin/sh", ["-c", line], {
      detached: true,
      stdio: ["ignore", "pipe", "inherit"],
      env: { PATH: process.env["PATH"], COX_RUN: marker.slice("COX_RUN=".length) },
    });
    await once(child.stdout!, "data");
    const pgid = child.pid!;
    return new Group(child, { kind: "process-group", pgid, startTime: startTimeOf(pgid), marker });
  }

  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** All of it, also when its leader has ended: what is left would keep this process's output open. */
  async kill(): Promise<void> {
    try {
      process.kill(-this.target.pgid, "SIGKILL");
    } catch {
      // Nothing of it is left.
    }
    await this.ended;
  }
}

export function startTimeOf(pid: number): string {
  const text = readFileSync(`/proc/${pid}/stat`, "latin1");
  return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

export function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}
