import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe } from "@jest/globals";

const missing = [
  process.platform === "linux" ? "" : "Linux",
  existsSync("/bin/sh") ? "" : "/bin/sh",
  existsSync("/proc/self/environ") ? "" : "/proc",
  works("setsid") ? "" : "setsid (util-linux)",
  works("mkfifo") ? "" : "mkfifo (coreutils)",
].filter((what) => what !== "");

/** `describe` for what needs real processes; skipping is said aloud. */
export const describeLinux: typeof describe | typeof describe.skip = missing.length > 0 ? skipLoudly() : describe;

/** `describe` for what needs bubblewrap as well. */
export const describeSandbox: typeof describe | typeof describe.skip = works("bwrap") ? describeLinux : skipSandboxLoudly();

function skipSandboxLoudly(): typeof describe.skip {
  console.warn("SKIPPED, NOT TESTED: sandbox tests need bwrap (bubblewrap)");
  return describe.skip;
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

/** The living processes whose environment or command line holds `text`. */
export function processesWith(text: string): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && holds(pid, text));
}

function holds(pid: number, text: string): boolean {
  try {
    if (/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"))) return false;
    return ["environ", "cmdline"].some((file) => readFileSync(`/proc/${pid}/${file}`, "latin1").includes(text));
  } catch {
    return false;
  }
}
