/**
 * Installs the Raft packages as a stranger would: `npm pack`, then `npm install` of the tarballs into an empty folder, with an empty
 * prefix and cache, from the registry; then the first example of raft-core's README under plain Node. Needs a network and built packages;
 * the test `test/installable.integration.test.ts` does the same without one.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { transformSync } from "@swc/core";
import { ROOT, run } from "./lib/run.mjs";

const ROOMS = ["raft-core", "rpc", "raft-level", "raft-grpc"];

const stranger = mkdtempSync(join(tmpdir(), "stranger-"));
const env = { npm_config_prefix: join(stranger, "prefix"), npm_config_cache: join(stranger, "cache") };
try {
  mkdirSync(env.npm_config_prefix);
  const tarballs = [];
  for (const room of ROOMS) {
    const args = ["pack", "--json", "--ignore-scripts", "--loglevel=error", "--pack-destination", stranger];
    const said = await run("npm", args, { cwd: `${ROOT}packages/${room}`, capture: true });
    tarballs.push(join(stranger, /"filename": "([^"]+)"/.exec(said)[1]));
  }
  writeFileSync(join(stranger, "package.json"), JSON.stringify({ name: "stranger", private: true, type: "module" }));
  await run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", ...tarballs], { cwd: stranger, env });
  for (const room of ROOMS) {
    const readme = readFileSync(join(stranger, "node_modules/@coxswain", room, "README.md"), "utf8");
    const [, example] = /```ts\n(\/\/ example: [\s\S]*?)```/.exec(readme);
    const { code } = transformSync(example, { jsc: { target: "es2023", parser: { syntax: "typescript" } }, module: { type: "es6" } });
    writeFileSync(join(stranger, `${room}.mjs`), code);
    console.log(`== ${room}`);
    await run(process.execPath, [`${room}.mjs`], { cwd: stranger });
  }
} finally {
  rmSync(stranger, { recursive: true, force: true });
}
