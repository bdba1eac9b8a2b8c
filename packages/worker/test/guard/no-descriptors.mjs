// What the guard's looks come to when no descriptor is left: says so, one line each.
// @ts-check
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { endGroups, killGroup, statOf } from "../../src/guard/guard-kill.mjs";

/** @param {() => unknown} work */
function outcomeOf(work) {
  try {
    return String(work());
  } catch (error) {
    return String(/** @type {NodeJS.ErrnoException} */ (error).code ?? error);
  }
}

const { pid = 0 } = spawn("/bin/sleep", ["1000"], { detached: true, stdio: "ignore" });
const startTime = statOf(pid)?.startTime ?? "";
const monotonic = performance.now.bind(performance);
let aheadMs = 0;
performance.now = () => monotonic() + aheadMs;

/** @type {number[]} */
const descriptors = [];
while (outcomeOf(() => descriptors.push(openSync("/dev/null", "r"))) !== "EMFILE");
process.stdout.write(`${outcomeOf(() => statOf(process.pid))}\n`);
process.stdout.write(`${outcomeOf(() => killGroup({ kind: "process-group", id: 1, pgid: process.pid, startTime: "1" }))}\n`);
const ended = endGroups([{ kind: "process-group", id: 1, pgid: pid, startTime }]);
// However long it could not look.
aheadMs = 60_000;
for (const descriptor of descriptors) closeSync(descriptor);
process.stdout.write(`left: ${await ended}\n`);
