// The guard (G13): a process of its own that ends a node's attempts when nobody else can.
//
// A plain script, run as it is from `src` both in the repository and in the published package,
// because Node 20 cannot run TypeScript and the guard must not depend on how its parent was
// built. It imports nothing but Node.
//
// It kills every target it knows
//   - when the lease ends on a clock that counts suspension (/proc/uptime), and it stays;
//   - when its input closes, which the kernel does however the node died, and it exits;
//   - when told to.
// Lines on stdin and stdout are JSON; guard-process.ts is the other end:
//   in   {op:"renew",endUptimeMs} {op:"protect"|"keep",id,pgid,startTime,marker?,cgroup?} {op:"release"|"ask",id} {op:"end"}
//   out  {up:true} {ack:id} {refused:id} {asked:id,guarded} {ended:[id],reason:"lease"|"told",left:[pid]}
// @ts-check
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { setPriority } from "node:os";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";

/** @typedef {{ id: number, pgid: number, startTime: string, marker?: string, cgroup?: string }} Target */

/** How late the end of the lease may be noticed: timers stand still while the machine sleeps. */
const LONGEST_NAP_MS = 100;
/** A process that outlives SIGKILL for longer runs no code of its own any more. */
const GIVE_UP_AFTER_MS = 5_000;

/** @type {Map<number, Target>} */
const targets = new Map();
/** No lease yet is an ended one: nothing may run before the first is granted. */
let leaseEndUptimeMs = -Infinity;
/** @type {NodeJS.Timeout | undefined} */
let nap;

const uptimeMs = () => Number(readFileSync("/proc/uptime", "latin1").split(" ")[0]) * 1000;
const leaseEnded = () => uptimeMs() >= leaseEndUptimeMs;

/** @param {object} line */
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** @param {string} line */
function obey(line) {
  const order = JSON.parse(line);
  switch (order.op) {
    case "renew":
      leaseEndUptimeMs = order.endUptimeMs;
      return watchLease();
    case "protect":
      if (leaseEnded()) return say({ refused: order.id });
      return take(order);
    case "keep": // It runs already: taken in any case, and killed at once if the lease has ended.
      return take(order);
    case "release":
      return void targets.delete(order.id);
    case "ask": // What is being ended is not guarded any more.
      return say({ asked: order.id, guarded: targets.has(order.id) });
    case "end":
      return void endAll("told");
    default:
      throw new Error(`unknown order: ${line}`);
  }
}

/** @param {Target} target */
function take(target) {
  if (!Number.isSafeInteger(target.pgid) || target.pgid < 2) throw new Error(`not a group: ${target.pgid}`);
  targets.set(target.id, target);
  say({ ack: target.id });
  watchLease();
}

/** Looks at the clock whenever the lease may have ended, as long as there is something to guard. */
function watchLease() {
  clearTimeout(nap);
  if (targets.size === 0) return;
  const leftMs = leaseEndUptimeMs - uptimeMs();
  if (leftMs <= 0) return void endAll("lease");
  nap = setTimeout(watchLease, Math.min(leftMs, LONGEST_NAP_MS));
}

/**
 * Kills all targets and what carries their markers, and looks again until nothing is left.
 *
 * @param {"lease" | "told" | "orphaned"} reason
 */
async function endAll(reason) {
  const ending = [...targets.values()];
  targets.clear();
  for (const target of ending) if (hasLeader(target)) kill(-target.pgid);
  const giveUpAt = performance.now() + GIVE_UP_AFTER_MS;
  let left = tryKillRest(ending);
  while (left.length > 0 && performance.now() < giveUpAt) {
    await delay(2);
    left = tryKillRest(ending);
  }
  if (reason !== "orphaned") say({ ended: ending.map(({ id }) => id), reason, left });
}

/**
 * The process table may be unreadable for a moment, as when the machine is out of descriptors.
 *
 * @param {Target[]} ending
 */
function tryKillRest(ending) {
  try {
    return killRest(ending);
  } catch {
    return ending.map(({ pgid }) => pgid);
  }
}

/** @param {Target} target */
const hasLeader = ({ pgid, startTime }) => statOf(pgid)?.startTime === startTime;

/**
 * A group's number is not given out again while the group has members. So a group is still
 * the target's if its leader is, or if a member carries the target's marker.
 *
 * @param {Target[]} ending
 * @returns {number[]} what was alive
 */
function killRest(ending) {
  if (ending.length === 0) return [];
  const markers = new Set(ending.flatMap(({ marker }) => marker ?? []));
  const groups = new Set(ending.filter(hasLeader).map(({ pgid }) => pgid));
  const alive = readdirSync("/proc").flatMap((name) => living(Number(name), markers));
  for (const { pgid, marked } of alive) if (marked && ending.some((t) => t.pgid === pgid)) groups.add(pgid);
  const condemned = alive.filter(({ pgid, marked }) => marked || groups.has(pgid)).map(({ pid }) => pid);
  const inside = ending.flatMap(killCgroup);
  for (const pgid of groups) kill(-pgid);
  condemned.forEach(kill);
  return [...condemned, ...inside];
}

/**
 * All that is in the target's cgroup, wherever it went and whatever it calls itself.
 *
 * @param {Target} target
 * @returns {number[]} what was alive
 */
function killCgroup({ cgroup }) {
  if (cgroup === undefined) return [];
  try {
    const members = readFileSync(`${cgroup}/cgroup.procs`, "latin1").split("\n").filter(Boolean).map(Number);
    if (members.length > 0) writeFileSync(`${cgroup}/cgroup.kill`, "1", { flag: "r+" });
    return members;
  } catch {
    // Not made yet, or gone.
    return [];
  }
}

/**
 * @param {number} pid
 * @param {Set<string>} markers
 */
function living(pid, markers) {
  if (!(pid > 1) || pid === process.pid) return [];
  const stat = statOf(pid);
  if (!stat || stat.state === "Z" || stat.state === "X") return [];
  return [{ pid, pgid: stat.pgid, marked: environOf(pid).some((entry) => markers.has(entry)) }];
}

/** @param {number} pid */
function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The command's name may contain anything, so fields are counted from its last parenthesis.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0], pgid: Number(fields[2]), startTime: fields[19] };
  } catch {
    return undefined;
  }
}

/** @param {number} pid */
function environOf(pid) {
  try {
    const environ = readFileSync(`/proc/${pid}/environ`, "latin1");
    return environ.includes("COX_RUN=") ? environ.split("\0") : [];
  } catch {
    return [];
  }
}

/** @param {number} pid */
function kill(pid) {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone, or another user's by now.
  }
}

for (const signal of /** @type {const} */ (["SIGTERM", "SIGINT", "SIGHUP", "SIGPIPE"])) process.on(signal, () => {});
process.stdout.on("error", () => {});
try {
  setPriority(-10);
} catch {
  // Needs a privilege; without it the guard competes with its attempts on equal terms.
}
const orphaned = () => void endAll("orphaned").then(() => process.exit(0));
const lines = createInterface({ input: process.stdin });
lines.on("line", obey);
lines.on("close", orphaned);
process.stdin.on("error", orphaned);
say({ up: true });
