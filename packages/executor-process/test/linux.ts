import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe } from "@jest/globals";
import type { SandboxTool } from "../src/index.ts";

const missing = [
  process.platform === "linux" ? "" : "Linux",
  existsSync("/bin/sh") ? "" : "/bin/sh",
  existsSync("/proc/self/environ") ? "" : "/proc",
  works("setsid") ? "" : "setsid (util-linux)",
  works("mkfifo") ? "" : "mkfifo (coreutils)",
].filter((what) => what !== "");

/** `describe` for what needs real processes; skipping is said aloud. */
export const describeLinux: typeof describe | typeof describe.skip = missing.length > 0 ? skipLoudly() : describe;

const PACKAGES = { bwrap: "bubblewrap", unshare: "util-linux" };

/** Registers tests for each tool that can make a sandbox. */
export function describeSandboxes(name: string, register: (tool: SandboxTool) => void): void {
  for (const tool of ["bwrap", "unshare"] as const) {
    const describeTool = works(tool) ? describeLinux : describe.skip;
    if (!works(tool)) console.warn(`SKIPPED, NOT TESTED: sandbox tests need ${tool} (${PACKAGES[tool]})`);
    describeTool(`${name} (${tool})`, () => register(tool));
  }
}

function skipLoudly(): typeof describe.skip {
  console.warn(`SKIPPED, NOT TESTED: process tests need ${missing.join(", ")}`);
  return describe.skip;
}

function works(program: string): boolean {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
