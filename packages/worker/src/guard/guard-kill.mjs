// How the guard kills: process groups, what carries a marker wherever it went, and cgroups.
//
// Whatever is named is looked at before it is killed: numbers are given out again.
// @ts-check
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** @typedef {{ kind: "process-group", id: number, pgid: number, startTime: string, marker?: string, cgroup?: string }} GroupTarget */
/** @typedef {{ kind: "container", id: number, marker: string, socketPath: string, label: string }} ContainerTarget */
/** @typedef {GroupTarget | ContainerTarget} Target */

/** Whether it can read the environment of every process, and so be sure that nothing carries a marker. */
export const seesAll = process.getuid?.() === 0;

/** A process that outlives SIGKILL for longer runs no code of its own any more. */
const GIVE_UP_AFTER_MS = 5_000;
const LOOK_AGAIN_MS = 2;
/** While nothing can be looked at, looking again is all there is to do. */
const BLIND_MS = 50;

const SHORTAGES = new Set(["EAGAIN", "ENOMEM", "EMFILE", "ENFILE"]);

/** @param {Target} target */
export function killGroup(target) {
  try {
    if (hasLeader(target)) kill(-target.pgid);
  } catch {
    // It cannot be looked at for a moment; it goes with the rest.
  }
}

/**
 * Kills what there is of all targets. To be repeated until nothing was alive: what is killed may just have forked.
 *
 * @param {readonly Target[]} ending
 * @returns {number[] | undefined} what was alive; undefined: it could not be looked at
 */
export function killRest(ending) {
  try {
    return killAll(ending);
  } catch {
    // The process table may be unreadable for a moment, as when the machine is out of descriptors.
    return undefined;
  }
}

/**
 * Kills what there is of the groups until nothing is left. Goes on for as long as it cannot look: what was not seen to be
 * gone may run.
 *
 * @param {readonly Target[]} ending
 * @returns {Promise<number[]>} what outlives SIGKILL; empty as a rule
 */
export async function endGroups(ending) {
  /** @type {number | undefined} */
  let giveUpAt;
  for (;;) {
    const left = killRest(ending);
    if (left !== undefined) {
      giveUpAt ??= performance.now() + GIVE_UP_AFTER_MS;
      if (left.length === 0 || performance.now() >= giveUpAt) return left;
    }
    await delay(left === undefined ? BLIND_MS : LOOK_AGAIN_MS);
  }
}

/**
 * A group's number is not given out again while the group has members. So a group is still
 * the target's if its leader is, or if a member carries the target's marker.
 *
 * @param {readonly Target[]} ending
 */
function killAll(ending) {
  if (ending.length === 0) return [];
  const markers = new Set(ending.flatMap(({ marker }) => marker ?? []));
  const pgids = new Set(ending.flatMap((target) => (target.kind === "container" ? [] : target.pgid)));
  const groups = new Set(ending.filter(hasLeader).map(({ pgid }) => pgid));
  const alive = readdirSync("/proc").flatMap((name) => living(Number(name), markers));
  for (const { pgid, marked } of alive) if (marked && pgids.has(pgid)) groups.add(pgid);
  const condemned = alive.filter(({ pgid, marked }) => marked || groups.has(pgid)).map(({ pid }) => pid);
  const inside = ending.flatMap(killCgroup);
  for (const pgid of groups) kill(-pgid);
  condemned.forEach(kill);
  return [...condemned, ...inside];
}

/**
 * @param {Target} target
 * @returns {target is GroupTarget}
 */
function hasLeader(target) {
  return target.kind !== "container" && statOf(target.pgid)?.startTime === target.startTime;
}

/**
 * All that is in the target's cgroup and those below it, wherever it went and whatever it calls itself.
 *
 * @param {Target} target
 * @returns {number[]} what was alive, as far as its number is known
 */
function killCgroup(target) {
  if (target.kind === "container" || target.cgroup === undefined) return [];
  const members = linesOf(`${target.cgroup}/cgroup.procs`).map(Number);
  const below = linesOf(`${target.cgroup}/cgroup.events`).includes("populated 1");
  if (members.length === 0 && !below) return [];
  try {
    writeFileSync(`${target.cgroup}/cgroup.kill`, "1", { flag: "r+" });
  } catch {
    // A kernel before 5.14, or gone meanwhile.
    members.forEach(kill);
  }
  return members.length > 0 ? members : [target.pgid];
}

/**
 * @param {string} file
 * @returns {string[]} nothing for one that is not made yet, or gone
 */
function linesOf(file) {
  return read(file)?.split("\n").filter(Boolean) ?? [];
}

/**
 * @param {string} file
 * @returns {string | undefined} undefined: gone, or another user's; throws when the machine lacks what it takes to look
 */
function read(file) {
  try {
    return readFileSync(file, "latin1");
  } catch (error) {
    if (SHORTAGES.has(/** @type {NodeJS.ErrnoException} */ (error).code ?? "")) throw error;
    return undefined;
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
export function statOf(pid) {
  const text = read(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The command's name may contain anything, so fields are counted from its last parenthesis.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0], pgid: Number(fields[2]), startTime: fields[19] };
}

/** @param {number} pid */
function environOf(pid) {
  const environ = read(`/proc/${pid}/environ`);
  return environ?.includes("COX_RUN=") ? environ.split("\0") : [];
}

/** @param {number} pid */
function kill(pid) {
  if (pid === 0) return;
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone, or another user's by now.
  }
}
