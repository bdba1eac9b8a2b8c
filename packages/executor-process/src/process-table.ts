import { strict as assert } from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { isShortage } from "@coxswain/executor";

/** Processes looked at in one go, so that a scan of a full table does not hold up the event loop. */
const SLICE = 64;

/** One line of the process table. */
export interface ProcessStat {
  readonly pid: number;
  /** `Z` and `X` are dead. */
  readonly state: string;
  readonly pgid: number;
  /** Clock ticks since boot; with the pid it names a process for as long as the machine runs. */
  readonly startTime: string;
}

/** Undefined if there is no such process; throws when the machine lacks what it takes to look. Cost: some 20 microseconds. */
export function processStat(pid: number): ProcessStat | undefined {
  const text = read(pid, "stat");
  return text === undefined ? undefined : parseStat(pid, text);
}

/** Undefined if the process is gone, or another user's. */
function read(pid: number, file: "stat" | "environ"): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch (error) {
    if (isShortage(error)) throw error;
    return undefined;
  }
}

/** The command's name may contain anything, so fields are counted from its last parenthesis (proc(5)). */
function parseStat(pid: number, text: string): ProcessStat | undefined {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, , pgrp] = fields;
  const startTime = fields[19];
  if (state === undefined || pgrp === undefined || startTime === undefined) return undefined;
  return { pid, state, pgid: Number(pgrp), startTime };
}

/** Names this boot of the machine: pids and start times mean nothing in another one. */
export async function bootId(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "latin1")).trim();
}

const isDead = (stat: ProcessStat): boolean => stat.state === "Z" || stat.state === "X";

/** The living members of a group. A dead one that nobody waits for does not count. */
export async function groupMembers(pgid: number): Promise<readonly number[]> {
  return (await membersOf(new Set([pgid]))).get(pgid) ?? [];
}

/** The living members of each group that has some. */
export async function membersOf(pgids: ReadonlySet<number>): Promise<Map<number, number[]>> {
  const found = new Map<number, number[]>();
  await scan((pid) => {
    const stat = processStat(pid);
    if (stat === undefined || !pgids.has(stat.pgid) || isDead(stat)) return;
    found.set(stat.pgid, [...(found.get(stat.pgid) ?? []), pid]);
  });
  return found;
}

/** Whether the group has a member, dead or alive. Cheap. */
export function groupExists(pgid: number): boolean {
  return signalGroup(pgid, 0);
}

/** Returns false if the group has no member. */
export function signalGroup(pgid: number, signal: NodeJS.Signals | 0): boolean {
  // -0 and -1 address far more than a group.
  assert(Number.isSafeInteger(pgid) && pgid > 1, `not a group of ours: ${pgid}`);
  return send(-pgid, signal);
}

export function killProcess(pid: number): void {
  send(pid, "SIGKILL");
}

/** Asks one process to end. */
export function termProcess(pid: number): void {
  send(pid, "SIGTERM");
}

function send(target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(target, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    // EPERM: it exists but is no longer ours, such as a setuid program.
    if ((error as NodeJS.ErrnoException).code === "EPERM") return true;
    throw error;
  }
}

/** The living processes whose environment holds `entry` (`NAME=value`), by entry. */
export async function processesWith(entries: ReadonlySet<string>): Promise<Map<string, number[]>> {
  const found = new Map<string, number[]>();
  await scan((pid) => {
    for (const entry of environOf(pid)) {
      if (entries.has(entry)) found.set(entry, [...(found.get(entry) ?? []), pid]);
    }
  });
  return found;
}

/** Only `COX_RUN` is of interest, and most processes have none. */
function environOf(pid: number): string[] {
  const environ = read(pid, "environ");
  return environ?.includes("COX_RUN=") ? environ.split("\0") : [];
}

async function scan(look: (pid: number) => void): Promise<void> {
  const pids = readdirSync("/proc").map(Number).filter((pid) => pid > 0 && pid !== process.pid);
  for (let i = 0; i < pids.length; i += SLICE) {
    pids.slice(i, i + SLICE).forEach(look);
    if (i + SLICE < pids.length) await new Promise((resolve) => setImmediate(resolve));
  }
}
