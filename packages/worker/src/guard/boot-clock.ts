import { readFileSync } from "node:fs";

/**
 * Milliseconds since the machine's boot, suspension included; steps of 10 ms. The same in
 * all processes of the machine, so a lease's end on it can be told to the guard.
 */
export function uptimeMs(): number {
  return Number(readFileSync("/proc/uptime", "latin1").split(" ")[0]) * 1000;
}
