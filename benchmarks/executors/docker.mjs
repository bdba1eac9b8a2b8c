/**
 * From start to exit of `echo hello` in a container: executor-docker beside plain create, start
 * and wait through dockerode, in turns, on one private engine. Needs root and dockerd.
 *
 *   npm run build && node benchmarks/executors/docker.mjs [rounds]
 */
import Docker from "dockerode";
import { MemoryGuard, silentLogger, systemClock } from "../../packages/executor/dist/index.js";
import { DockerExecutor } from "../../packages/executor-docker/dist/index.js";
import { missingForDocker, startEngine } from "../../scripts/lib/docker-engine.mjs";

const ROUNDS = Number(process.argv[2] ?? 30);
const PARALLEL = 8;

const missing = missingForDocker();
if (missing.length > 0) {
  console.error(`not measured: needs ${missing.join(", ")}`);
  process.exit(1);
}

const engine = await startEngine();
const { socketPath } = engine;
const docker = new Docker({ socketPath });
const executor = new DockerExecutor({ socketPath });
let attempts = 0;

/** What anyone would write; removed afterwards, not measured. The same limits, or the kernel does less. */
async function plain() {
  const beginMs = performance.now();
  const container = await docker.createContainer({
    Image: "alpine:latest",
    Entrypoint: ["echo", "hello"],
    NetworkDisabled: true,
    HostConfig: { NetworkMode: "none", Init: true, Memory: 2 ** 28, MemorySwap: 2 ** 28, NanoCpus: 5e8, PidsLimit: 128, LogConfig: { Type: "none", Config: {} } },
  });
  await container.start();
  await container.wait();
  const tookMs = performance.now() - beginMs;
  await container.remove({ force: true, v: true });
  return tookMs;
}

/** Its container is removed beside the next; wait for that, so that rounds are alike. */
async function ours(settle = true) {
  const ref = { executionId: "bench", attempt: ++attempts };
  const context = { ref, jobId: "bench", dueMs: 0, guard: new MemoryGuard(), logger: silentLogger, clock: systemClock };
  const beginMs = performance.now();
  const task = await executor.start({ task: { kind: "docker", image: "", argv: ["echo", "hello"] }, timeoutMs: 60_000 }, context);
  const { outcome, errorMessage } = await task.result;
  const tookMs = performance.now() - beginMs;
  if (outcome !== "succeeded") throw new Error(errorMessage);
  while (settle && (await docker.listContainers({ all: true })).length > 0);
  return tookMs;
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

async function rate(run) {
  const beginMs = performance.now();
  let left = ROUNDS;
  const lane = async () => {
    while (left-- > 0) await run();
  };
  await Promise.all(Array.from({ length: PARALLEL }, lane));
  return (ROUNDS / (performance.now() - beginMs)) * 1000;
}

try {
  await plain();
  await ours();
  const serial = { plain: [], ours: [], overhead: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    serial.plain.push(await plain());
    serial.ours.push(await ours());
    serial.overhead.push(serial.ours.at(-1) - serial.plain.at(-1));
  }
  const [plainMs, oursMs, overheadMs] = [serial.plain, serial.ours, serial.overhead].map(median);
  console.log(`serial, median of ${ROUNDS}: dockerode ${plainMs.toFixed(1)} ms, executor-docker ${oursMs.toFixed(1)} ms, pairwise ${overheadMs.toFixed(1)} ms more`);
  console.log(`${PARALLEL} in parallel: dockerode ${(await rate(plain)).toFixed(1)}/s, executor-docker ${(await rate(() => ours(false))).toFixed(1)}/s`);
} finally {
  await executor.close();
  await engine.close();
}
