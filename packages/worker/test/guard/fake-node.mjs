// A node reduced to its guard: starts one, protects targets with it, and says so. What then happens to it (SIGKILL,
// SIGSTOP) is the test's business; on SIGUSR2 it is wedged: its event loop never turns again. Arguments: the guard's
// script, the targets as JSON, the lease in ms, and the directory of the guard's record, if it is to keep one.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [entry, targets, leaseMs, directory] = process.argv.slice(2);
const uptimeMs = () => Number(readFileSync("/proc/uptime", "latin1").split(" ")[0]) * 1000;
let leaseEndUptimeMs = 0;
const guard = spawn(process.execPath, [entry, ...(directory ? [directory] : [])], { detached: true, stdio: ["pipe", "pipe", "inherit"] });
const tell = (order) => guard.stdin.write(`${JSON.stringify(order)}\n`);
const protect = JSON.parse(targets);
let unknown = protect.length;

process.on("SIGUSR2", () => {
  process.stdout.write("wedged\n");
  for (;;);
});
createInterface({ input: guard.stdout }).on("line", (line) => {
  if (line.includes("up")) {
    leaseEndUptimeMs = uptimeMs() + Number(leaseMs);
    tell({ op: "renew", endUptimeMs: leaseEndUptimeMs });
    protect.forEach((target, i) => tell({ op: "protect", id: i + 1, ...target }));
  }
  if (line.includes("ack")) unknown -= 1;
  if (unknown === 0) process.stdout.write(`${JSON.stringify({ guardPid: guard.pid, leaseEndUptimeMs })}\n`);
  if (unknown === 0) unknown = -1;
});
