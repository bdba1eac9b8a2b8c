/** executor-docker beside plain create, attach, start and wait through dockerode, on one private engine. */
import Docker from "dockerode";
import { DockerExecutor } from "../../packages/executor-docker/dist/index.js";
import { missingForDocker, startEngine } from "../../scripts/lib/docker-engine.mjs";
import { attempt } from "./attempt.mjs";

/** The same limits as the executor's own, or the kernel would do less. */
const CONTAINER = {
  Image: "alpine:latest",
  Entrypoint: ["echo", "hello"],
  NetworkDisabled: true,
  AttachStdout: true,
  HostConfig: { NetworkMode: "none", Init: true, Memory: 2 ** 28, MemorySwap: 2 ** 28, NanoCpus: 5e8, PidsLimit: 128, LogConfig: { Type: "none", Config: {} } },
};

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
    { name: "docker", beside: "dockerode", run: () => attempt(executor, { kind: "docker", image: "", argv: ["echo", "hello"] }), settle },
  ];
  const close = async () => {
    await executor.close();
    await engine.close();
  };
  return { contestants, close };
}

/** Removed afterwards, not measured. */
async function plain(docker) {
  const container = await docker.createContainer(CONTAINER);
  const stream = await container.attach({ stream: true, stdout: true, hijack: true });
  const bytes = stream.toArray();
  await container.start();
  const { StatusCode: code } = await container.wait();
  const output = Buffer.concat(await bytes).toString();
  const endMs = performance.now();
  if (code !== 0 || !output.endsWith("hello\n")) throw new Error(`the container ended with ${code}: ${output}`);
  void container.remove({ force: true, v: true });
  return endMs;
}
