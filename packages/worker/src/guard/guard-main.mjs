// The guard (G13): a process of its own that ends a node's attempts when nobody else can.
//
// A plain script, run as it is from `src` both in the repository and in the published package,
// because Node 20 cannot run TypeScript and the guard must not depend on how its parent was
// built. It imports nothing but Node and its own parts beside it.
//
// It ends every target it knows
//   - when the lease ends on a clock that counts suspension (/proc/uptime), and it stays;
//   - when told to.
// When its input closes, which the kernel does however the node died, it ends every process group at once, and
// containers when the lease ends: until then a later start of the node may take them over. Then it exits.
// Lines on stdin and stdout are JSON; guard-process.ts is the other end:
//   in   {op:"renew",endUptimeMs} {op:"release"|"ask",id} {op:"end",ids?} {op:"quit"} {op:"forget",record}
//        {op:"protect"|"keep",id,kind:"process-group",pgid,startTime,marker?,cgroup?}
//        {op:"protect"|"keep",id,kind:"container",marker,socketPath,label}
//   out  {up:true,record?} {renewed:endUptimeMs} {ack:id} {refused:id,because?} {asked:id,guarded}
//        {ended:[id],reason:"lease"|"told",left:[pid]}
// Its one argument is the directory of its record; without it, containers die with the node.
// @ts-check
import { readFileSync } from "node:fs";
import { setPriority } from "node:os";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { endContainers } from "./guard-containers.mjs";
import { endGroups, killGroup, killRest, seesAll } from "./guard-kill.mjs";
import { GuardRecord } from "./guard-record.mjs";

/** @typedef {import("./guard-kill.mjs").Target} Target */
/** @typedef {import("./guard-kill.mjs").ContainerTarget} ContainerTarget */
/** @typedef {"lease" | "told" | "orphaned"} Reason */

/** How late the end of the lease may be noticed: timers stand still while the machine sleeps. */
const LONGEST_NAP_MS = 100;
const LONGEST_HUNT_PAUSE_MS = 1_000;
/**
 * How long an engine may be silent before a guard without a node gives up what has no process any more: what the engine
 * still has of it when it comes back, the next start of the node removes.
 */
const SILENCE_MS = 60_000;
/** The same when its node stops in order, and waits for it. */
const SILENCE_AT_QUIT_MS = 1_000;

/** @type {Map<number, Target>} */
const targets = new Map();
/**
 * Containers whose end the engine has not confirmed, each with what waits for the end of its processes.
 *
 * @type {Map<ContainerTarget, () => void>}
 */
const hunted = new Map();
const record = process.argv[2] === undefined ? undefined : new GuardRecord(process.argv[2]);
/** No lease yet is an ended one: nothing may run before the first is granted. */
let leaseEndUptimeMs = -Infinity;
/** @type {NodeJS.Timeout | undefined} */
let nap;
/** How many `endAll` are under way. */
let endings = 0;
let hunting = false;
/** The node is gone. */
let alone = false;
let quitting = false;

const uptimeMs = () => Number(readFileSync("/proc/uptime", "latin1").split(" ")[0]) * 1000;

/** A clock that cannot be read, as when the machine is out of descriptors, is one that stands still for a nap. */
function leaseLeftMs() {
  try {
    return leaseEndUptimeMs - uptimeMs();
  } catch {
    return LONGEST_NAP_MS;
  }
}

/** @param {object} line */
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** @param {string} line */
function obey(line) {
  const order = JSON.parse(line);
  switch (order.op) {
    case "renew":
      leaseEndUptimeMs = order.endUptimeMs;
      writeDown();
      say({ renewed: order.endUptimeMs });
      return watchLease();
    case "protect":
      if (leaseLeftMs() <= 0) return say({ refused: order.id });
      return take(order);
    case "keep": // It runs already: taken in any case, and killed at once if the lease has ended.
      return take(order);
    case "release":
      return release(order.id);
    case "ask": // What is being ended is not guarded any more.
      return say({ asked: order.id, guarded: targets.has(order.id) });
    case "end":
      return void endAll("told", order.ids);
    case "quit": // Its input closes next.
      quitting = true;
      return;
    case "forget":
      return record?.remove(order.record);
    default:
      throw new Error(`unknown order: ${line}`);
  }
}

/** @param {{ op: string } & Target} order */
function take({ op, ...target }) {
  if (target.kind !== "container" && !(Number.isSafeInteger(target.pgid) && target.pgid > 1)) throw new Error(`not a group: ${target.pgid}`);
  targets.set(target.id, target);
  const trouble = target.kind === "container" ? writeDown() : undefined;
  if (trouble !== undefined && op === "protect") {
    targets.delete(target.id);
    return say({ refused: target.id, because: trouble });
  }
  say({ ack: target.id });
  watchLease();
}

/** @param {number} id */
function release(id) {
  const kind = targets.get(id)?.kind;
  targets.delete(id);
  if (kind === "container") writeDown();
}

/**
 * Puts on disk what a later start of the node must know.
 *
 * @returns {string | undefined} why it could not
 */
function writeDown() {
  try {
    const containers = [...targets.values(), ...hunted.keys()].filter(isContainer);
    record?.write(leaseEndUptimeMs, containers);
    return undefined;
  } catch (error) {
    process.stderr.write(`the guard's record could not be written: ${error}\n`);
    return String(error);
  }
}

/** Looks at the clock whenever the lease may have ended, as long as there is something to guard. */
function watchLease() {
  clearTimeout(nap);
  if (targets.size === 0) return;
  const leftMs = leaseLeftMs();
  if (leftMs <= 0) return void endAll("lease");
  nap = setTimeout(watchLease, Math.min(leftMs, LONGEST_NAP_MS));
}

/**
 * Ends targets and what carries their markers, and looks again until nothing is left.
 *
 * @param {Reason} reason
 * @param {number[]} [ids] default: all
 */
async function endAll(reason, ids = [...targets.keys()]) {
  endings += 1;
  const ending = ids.flatMap((id) => targets.get(id) ?? []);
  for (const { id } of ending) targets.delete(id);
  ending.forEach(killGroup);
  const left = await Promise.all([endGroups(ending.filter((target) => !isContainer(target))), ...ending.filter(isContainer).map(hunt)]);
  if (reason !== "orphaned") say({ ended: ids, reason, left: left[0] });
  endings -= 1;
  leaveIfDone();
}

/**
 * Resolves when nothing of the container runs. It is hunted until the engine has said so, too: until then the engine
 * may still start it.
 *
 * @param {ContainerTarget} target
 * @returns {Promise<void>}
 */
function hunt(target) {
  return new Promise((resolve) => {
    hunted.set(target, resolve);
    if (!hunting) void huntAll();
  });
}

async function huntAll() {
  hunting = true;
  let heardMs = performance.now();
  for (let pauseMs = 5; hunted.size > 0; pauseMs = Math.min(pauseMs * 2, LONGEST_HUNT_PAUSE_MS)) {
    const all = [...hunted.keys()];
    const areGone = killRest(all)?.length === 0;
    const { ended, unheard } = await endContainers(all, alone);
    // Without the engine's word, their processes must be seen to be gone.
    if (areGone && seesAll) for (const target of unheard) hunted.get(target)?.();
    if (unheard.length === 0 || !areGone || !seesAll) heardMs = performance.now();
    if (alone && performance.now() - heardMs > (quitting ? SILENCE_AT_QUIT_MS : SILENCE_MS)) break;
    for (const target of ended) {
      hunted.get(target)?.();
      hunted.delete(target);
    }
    if (ended.length > 0) writeDown();
    if (hunted.size > 0) await delay(pauseMs);
  }
  hunting = false;
  for (const settle of hunted.values()) settle();
  leaveIfDone();
}

function orphaned() {
  if (alone) return;
  alone = true;
  const ids = [...targets.values()].filter((target) => quitting || !record || !isContainer(target)).map(({ id }) => id);
  void endAll("orphaned", ids);
  watchLease();
}

function leaveIfDone() {
  if (!alone || endings > 0 || hunting || targets.size > 0) return;
  record?.remove();
  process.exit(0);
}

/**
 * @param {Target} target
 * @returns {target is ContainerTarget}
 */
function isContainer(target) {
  return target.kind === "container";
}

for (const signal of /** @type {const} */ (["SIGTERM", "SIGINT", "SIGHUP", "SIGPIPE"])) process.on(signal, () => {});
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});
try {
  setPriority(-10);
} catch {
  // Needs a privilege; without it the guard competes with its attempts on equal terms.
}
const lines = createInterface({ input: process.stdin });
lines.on("line", obey);
lines.on("close", orphaned);
process.stdin.on("error", orphaned);
say({ up: true, record: record?.name });
