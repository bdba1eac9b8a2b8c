// What the guard's looks come to when no descriptor is left: says so, one line each.
// @ts-check
import { openSync } from "node:fs";
import { killGroup, statOf } from "../../src/guard/guard-kill.mjs";

/** @param {() => unknown} work */
function outcomeOf(work) {
  try {
    return String(work());
  } catch (error) {
    return String(/** @type {NodeJS.ErrnoException} */ (error).code ?? error);
  }
}

while (outcomeOf(() => openSync("/dev/null", "r")) !== "EMFILE");
process.stdout.write(`${outcomeOf(() => statOf(process.pid))}\n`);
process.stdout.write(`${outcomeOf(() => killGroup({ kind: "process-group", id: 1, pgid: process.pid, startTime: "1" }))}\n`);
