/** executor-docker beside plain create, attach, start and wait through dockerode, on one private engine. */
import Docker from "dockerode";
import { containerSpec } from "../../packages/executor-docker/dist/container-spec.js";
import { settingsOf } from "../../packages/executor-docker/dist/docker-options.js";
import { DockerExecutor } from "../../packages/executor-docker/dist/index.js";
import { missingForDocker, startEngine } from "../../scripts/lib/docker-engine.mjs";
import { attempt } from "./attempt.mjs";

const TASK = { kind: "docker", image: "", argv: ["echo", "hello"] };

export async function open() {
  const missing = missingForDocker();
  if (missing.length > 0) return { missing: missing.join(", ") };
  const engine = await startEngine();
  const { socketPath } = engine;
  const docker = new Docker({ socketPath });
  const executor = new DockerExecutor({ socketPath });
  // Its containers are removed beside their results; the next round begins when they are gone.
  const settle = async () => {
    while ((await docker.listContainers({ all: true })).length > 0);
  };
  const contestants = [
    { name: "dockerode", run: () => plain(docker), settle },
    { name: "docker", beside: "dockerode", run: () => attempt(executor, TASK), settle },
  ];
  const close = async () => {
    await executor.close();
    await engine.close();
  };
  return { contestants, close };
}

let containers = 0;

/** The very container that the executor makes, or the engine would have less to do. Removed afterwards, not measured. */
function containerOfItsOwn() {
  const context = { ref: { executionId: "plain", attempt: (containers += 1) }, jobId: "plain", dueMs: 0 };
  return containerSpec(TASK, context, settingsOf({}), { marker: "plain", incarnation: "plain", timeoutMs: 60_000 });
}

async function plain(docker) {
  const container = await docker.createContainer(containerOfItsOwn());
  const stream = await container.attach({ stream: true, stdout: true, stderr: true, hijack: true });
  const bytes = stream.toArray();
  await container.start();
  const { StatusCode: code } = await container.wait();
  const output = Buffer.concat(await bytes).toString();
  const endMs = performance.now();
  if (code !== 0 || !output.endsWith("hello\n")) throw new Error(`the container ended with ${code}: ${output}`);
  void container.remove({ force: true, v: true });
  return endMs;
}
