// A node reduced to its guard: starts one, protects a group with it, and says so. What then
// happens to it (SIGKILL, SIGSTOP) is the test's business. Arguments: the guard's script, the
// target as JSON, the lease in ms.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [entry, target, leaseMs] = process.argv.slice(2);
const uptimeMs = Number(readFileSync("/proc/uptime", "latin1").split(" ")[0]) * 1000;
const guard = spawn(process.execPath, [entry], { detached: true, stdio: ["pipe", "pipe", "inherit"] });
guard.stdin.write(`${JSON.stringify({ op: "renew", endUptimeMs: uptimeMs + Number(leaseMs) })}\n`);
guard.stdin.write(`${JSON.stringify({ op: "protect", id: 1, ...JSON.parse(target) })}\n`);
createInterface({ input: guard.stdout }).on("line", (line) => {
  if (line.includes("ack")) process.stdout.write(`${guard.pid}\n`);
});
