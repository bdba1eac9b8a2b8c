import { totalmem } from "node:os";
import { describe, expect, test } from "@jest/globals";
import { MemoryGuard, silentLogger, systemClock } from "@coxswain/executor";
import type { AttemptContext, DockerTask, ResourceLimits } from "@coxswain/executor";
import { containerName, containerSpec } from "../src/container-spec.ts";
import type { ContainerSpec } from "../src/container-spec.ts";
import { settingsOf } from "../src/docker-options.ts";
import type { DockerExecutorOptions } from "../src/docker-options.ts";

const context: AttemptContext = {
  ref: { executionId: "../a$(b).1.1", attempt: 2 },
  jobId: "../a$(b)",
  dueMs: 0,
  guard: new MemoryGuard(),
  logger: silentLogger,
  clock: systemClock,
};
const specOf = (task: Partial<DockerTask>, options: DockerExecutorOptions = {}): ContainerSpec =>
  containerSpec({ kind: "docker", image: "", ...task }, context, settingsOf(options), { marker: "m", incarnation: "i", timeoutMs: 1 });
const MIB = 1024 * 1024;

describe("what the engine is asked for", () => {
  test("by default: alpine:latest, 256 MiB without swap, half a processor, locked down", () => {
    const { Image: image, User: user, HostConfig: host } = specOf({});
    expect([image, user]).toEqual(["alpine:latest", "65534:65534"]);
    expect(host).toMatchObject({
      NetworkMode: "none",
      CapDrop: ["ALL"],
      ReadonlyRootfs: true,
      SecurityOpt: ["no-new-privileges"],
      Init: true,
      Memory: 256 * MIB,
      MemorySwap: 256 * MIB,
      NanoCpus: 5e8,
      PidsLimit: 128,
      LogConfig: { Type: "none" },
      AutoRemove: false,
    });
    expect(host?.Tmpfs?.["/tmp"]).toContain(`size=${64 * MIB}`);
  });

  test("the name depends on the attempt alone and is safe for any id", () => {
    expect(specOf({}).name).toBe(containerName(context.ref));
    expect(containerName(context.ref)).toMatch(/^cox-[0-9a-f]{32}$/);
    expect(containerName({ ...context.ref, attempt: 3 })).not.toBe(containerName(context.ref));
  });

  test("a shell line, an argv, or the image's own command", () => {
    expect(specOf({ shell: "echo $X" }).Entrypoint).toEqual(["/bin/sh", "-c", "echo $X"]);
    expect(specOf({ argv: ["echo", "$X", ""] }).Entrypoint).toEqual(["echo", "$X", ""]);
    expect(specOf({})).not.toHaveProperty("Entrypoint");
    expect(() => specOf({ shell: "x", argv: ["x"] })).toThrow("not both");
    expect(() => specOf({ argv: ["a\0b"] })).toThrow("NUL");
  });

  test("names of variables are checked, and its own cannot be set", () => {
    expect(specOf({ env: { A: "b=c" } }).Env).toContain("A=b=c");
    expect(() => specOf({ env: { "A=B": "" } })).toThrow("no variable name");
    expect(() => specOf({ env: { COX_RUN: "mine" } })).toThrow("set by the executor");
    expect(() => specOf({ workingDirectory: "tmp" })).toThrow("absolute");
  });
});

describe("limits", () => {
  test("of a task hold within the node's bounds", () => {
    const limits = { memoryBytes: 32 * MIB, cpus: 0.2, pids: 5, tmpfsBytes: MIB, openFiles: 20 };
    expect(specOf({ limits }).HostConfig).toMatchObject({ Memory: 32 * MIB, MemorySwap: 32 * MIB, NanoCpus: 2e8, PidsLimit: 5 });
    expect(() => specOf({ limits }, { maxLimits: { pids: 4 } })).toThrow("limits.pids must be from 1 to 4, not 5");
  });

  test("of swap and i/o, which containers are not held to, are refused; none is passed over", () => {
    expect(() => specOf({ limits: { swapBytes: 1 } })).toThrow("limits.swapBytes cannot be held here: containers get no swap");
    expect(() => specOf({ limits: { ioBytesPerSecond: 1_000_000 } })).toThrow("limits.ioBytesPerSecond cannot be held here");
    expect(() => specOf({ limits: { gpus: 1 } as ResourceLimits })).toThrow("limits.gpus cannot be held here");
    const limits = { memoryBytes: 32 * MIB, swapBytes: 0, ioBytesPerSecond: undefined, pids: undefined };
    expect(specOf({ limits }).HostConfig).toMatchObject({ Memory: 32 * MIB, MemorySwap: 32 * MIB, PidsLimit: 128 });
  });

  test("by default are no more than what a task may ask for", () => {
    expect(specOf({}, { maxLimits: { memoryBytes: 64 * MIB, cpus: 0.25 } }).HostConfig).toMatchObject({ Memory: 64 * MIB, NanoCpus: 2.5e8 });
  });

  test("that are none, or above the host, are refused before anything is created", () => {
    const bad = [0, -1, NaN, Infinity, totalmem() + 1];
    for (const memoryBytes of bad) expect(() => specOf({ limits: { memoryBytes } })).toThrow("limits.memoryBytes");
    for (const cpus of [0, -1, NaN, Infinity, 100_000]) expect(() => specOf({ limits: { cpus } })).toThrow("limits.cpus");
    for (const pids of [0, -1, NaN, 1.5]) expect(() => specOf({ limits: { pids } })).toThrow("limits.pids");
    for (const tmpfsBytes of [0, -1, NaN]) expect(() => specOf({ limits: { tmpfsBytes } })).toThrow("limits.tmpfsBytes");
  });
});

describe("images", () => {
  test("that the node does not allow are refused; the default is allowed", () => {
    expect(specOf({ image: "alpine" }).Image).toBe("alpine:latest");
    expect(() => specOf({ image: "alpine:3" })).toThrow("not allowed");
    expect(() => specOf({ image: "" }, { images: ["registry.test/team/*"] })).toThrow("not allowed");
    expect(specOf({ image: "registry.test/team/x" }, { images: ["registry.test/team/*"] }).Image).toBe("registry.test/team/x:latest");
    expect(() => specOf({ image: "registry.test/teamx" }, { images: ["registry.test/team/*"] })).toThrow("not allowed");
  });

  test("need names that are names", () => {
    for (const image of ["a b", "../x", "Alpine", "a\nb", "-x", "a:b:c", "x".repeat(600)]) {
      expect(() => specOf({ image }, { images: "all" })).toThrow("no image's name");
    }
    expect(specOf({ image: "127.0.0.1:5000/a/b" }, { images: "all" }).Image).toBe("127.0.0.1:5000/a/b:latest");
  });
});
