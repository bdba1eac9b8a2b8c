/**
 * Three nodes on this machine, to play with: `node cluster.mjs [directory]`. Ctrl-C drains and ends them. One that is
 * killed stays dead until it is started again by hand, as the line printed for it says.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { prepare } from "./prepare.mjs";

const SERVER = fileURLToPath(new URL("dist/server.js", import.meta.url));
const directory = process.argv[2] ?? fileURLToPath(new URL(".replicated-kv", import.meta.url));
const nodes = [1, 2, 3].map((id) => ({
  id,
  address: `127.0.0.1:${7100 + id}`,
  http: `127.0.0.1:${8100 + id}`,
}));
if (!existsSync(join(directory, "nodes.json"))) await prepare(directory, nodes);

// Each in a process group of its own: Ctrl-C reaches this script alone, which then asks them to drain.
const children = nodes.map(({ id, http }) => {
  const child = spawn(process.execPath, [SERVER, String(id), directory], {
    stdio: ["ignore", "inherit", "inherit"],
    detached: true,
  });
  console.log(`node ${id}: http://${http}, process ${child.pid}; again: node ${SERVER} ${id} ${directory}`);
  return child;
});
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    for (const child of children) child.kill("SIGTERM");
  });
}
