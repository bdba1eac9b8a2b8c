import { randomUUID } from "node:crypto";
import { afterEach, expect, test } from "@jest/globals";
import { OutputBudget } from "@coxswain/executor";
import { untilOutput } from "../../executor/test/until-output.ts";
import { Bench } from "./bench.ts";
import { describeDocker, useEngine } from "./docker.ts";
import { Registry } from "./registry.ts";
import type { DockerExecutorOptions } from "../src/index.ts";

const MIB = 1024 * 1024;
/** Of each stream; the buffer keeps as many changes of stream as 1 MiB has sixteenths. */
const TINY_FRAMES = 20_000;
let benches: Bench[] = [];
afterEach(async () => {
  const ended = benches;
  benches = [];
  for (const bench of ended) {
    expect(await bench.leftovers()).toEqual([]);
    expect(bench.guard.targets).toEqual([]);
    await bench.close();
  }
});

describeDocker("a container", () => {
  const engine = useEngine();
  const make = (options: DockerExecutorOptions = {}): Bench => {
    const bench = new Bench(engine(), options);
    benches.push(bench);
    return bench;
  };

  test("gets its arguments literally, its variables and its directory", async () => {
    const odd = ["$(exit 9)", "`x`", "a b", "", "*", "'", '"', "\\", "-n", "\n", "é"];
    const { output } = await make().finish({ argv: ["printf", "[%s]", ...odd] });
    expect(output).toBe(odd.map((argument) => `[${argument}]`).join(""));
    const said = await make().finish({ shell: 'echo "$A $COX_ATTEMPT $COX_DUE"; pwd', env: { A: "$HOME" }, workingDirectory: "/tmp" });
    expect(said.output).toBe("$HOME 2 2026-01-02T03:04:05.000Z\n/tmp\n");
  });

  test("200 MiB under 32 MiB is out of memory, and told apart from a SIGKILL", async () => {
    const shell = "head -c 200m /dev/zero | tail";
    const { result } = await make().finish({ shell: `${shell}; exit $?`, limits: { memoryBytes: 32 * MIB } });
    expect(result).toMatchObject({ outcome: "failed", errorType: "OUT_OF_MEMORY", retryable: true });
    const killed = await make().finish({ shell: "kill -KILL $$" });
    expect(killed.result).toMatchObject({ outcome: "failed", errorType: "SIGNAL", signal: "SIGKILL", exitCode: 137 });
  });

  test("a fork bomb hits the limit of pids and goes with its container", async () => {
    const bench = make();
    const { output } = await bench.finish({ shell: "for i in $(seq 30); do sleep 100 & done; echo all", limits: { pids: 10 } }, 20_000);
    expect(output).toContain("can't fork");
    expect(output).not.toContain("all");
  });

  test("output in very many tiny frames leaves the node alive and arrives byte for byte (case 23)", async () => {
    const shell = `i=0; while [ $i -lt ${TINY_FRAMES} ]; do printf x; printf y >&2; i=$((i+1)); done`;
    const running = await make().start({ shell, limits: { cpus: 1 } });
    expect(await running.result).toMatchObject({ outcome: "succeeded" });
    const { chunks, gap } = running.output.read(0, Infinity);
    const of = (name: string): string => Buffer.concat(chunks.filter(({ stream }) => stream === name).map(({ bytes }) => bytes)).toString();
    expect(gap).toBeUndefined();
    expect([of("stdout"), of("stderr")]).toEqual(["x".repeat(TINY_FRAMES), "y".repeat(TINY_FRAMES)]);
  });

  test("writes within the node's budget for all outputs", async () => {
    const outputBudget = new OutputBudget({ totalBytes: 64 * 1024 });
    const task = await make().start({ shell: "head -c 500000 /dev/zero" }, 60_000, { outputBudget });
    expect(await task.result).toMatchObject({ outcome: "succeeded" });
    expect(task.output.totalBytes).toBe(500_000);
    expect(outputBudget.heldBytes).toBe(task.output.heldBytes);
    task.output.discard();
    expect(outputBudget.heldBytes).toBe(0);
  });

  test("asked to stop, it gets SIGTERM and its grace", async () => {
    const task = await make().start({ shell: "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done" });
    await untilOutput(task, "ready");
    await task.stop(20_000);
    expect(await task.result).toMatchObject({ outcome: "stopped", exitCode: 0 });
    expect(Buffer.from(task.output.tail(Infinity)).toString()).toBe("ready\nbye\n");
  });

  test("killed by the guard, its attempt is lost with the lease", async () => {
    const bench = make();
    const task = await bench.start({ shell: "echo ready; sleep 1000" });
    await untilOutput(task, "ready");
    const { endMarked } = await import("../src/marked-processes.ts");
    bench.guard.endAll((target) => void endMarked((target.marker ?? "").replace("COX_RUN=", "")));
    expect(await task.result).toMatchObject({ outcome: "lost", errorType: "LEASE_ENDED", retryable: true });
  });

  test("two concurrent creates of one attempt make one container (case 21)", async () => {
    const scope = randomUUID();
    const [first, second] = [make({ scope }), make({ scope })];
    const tasks = await Promise.all([first.start({ shell: "sleep 1000" }), second.start({ shell: "sleep 1000" })]);
    const loser = await Promise.race(tasks.map(({ result }) => result));
    expect(loser).toMatchObject({ outcome: "failed", errorType: "ENGINE", retryable: true, startedAtMs: 0 });
    await first.untilRunning();
    expect((await first.containers()).length).toBe(1);
    await Promise.all(tasks.map((task) => task.stop(0)));
  });

  test("an image with volumes of its own is refused", async () => {
    await engine().importImage("volumes:latest", ["VOLUME /data"]);
    const { result } = await make({ images: ["volumes"] }).finish({ image: "volumes", shell: "echo ran" });
    expect(result).toMatchObject({ outcome: "failed", errorType: "START_FAILED", retryable: false, startedAtMs: 0 });
    expect(result.errorMessage).toContain("/data");
  });

  test("an image that is missing, and not to be pulled, fails with the cause (case 22)", async () => {
    const { result } = await make({ images: "all", pullPolicy: "never" }).finish({ image: "no-such:image", shell: "true" });
    expect(result).toMatchObject({ outcome: "failed", errorType: "IMAGE", startedAtMs: 0 });
    expect(result.errorMessage).toMatch(/no such image.*does not pull/i);
  });

  test.each([
    ["it is not in the registry", "absent", /manifest.unknown/i],
    ["the registry refuses it", "refused", /denied|403|forbidden/i],
    ["its pull is stuck before it begins", "stuck", /longer than 1000 ms/],
    ["its pull is stuck halfway", "halfway", /longer than 1000 ms/],
  ])("an image fails its attempt with the cause, within the limit of pulls, when %s (case 22)", async (_, name, why) => {
    const registry = await Registry.listen();
    const { result } = await make({ images: [`${registry.at}/*`], pullTimeoutMs: 1_000 }).finish({ image: `${registry.at}/${name}/image`, shell: "true" });
    expect(result).toMatchObject({ outcome: "failed", errorType: "IMAGE", retryable: true, startedAtMs: 0 });
    expect(result.errorMessage).toMatch(why);
    expect(registry.asked.some((url) => url.includes(name))).toBe(true);
    registry.close();
  });

  test("stopped while its image is pulled, an attempt ends at once, and its container is never made", async () => {
    const registry = await Registry.listen();
    const bench = make({ images: [`${registry.at}/*`], pullTimeoutMs: 60_000 });
    const task = await bench.start({ image: `${registry.at}/stuck/image`, shell: "true" });
    await registry.untilAsked("stuck");
    await task.stop(0);
    expect(await task.result).toMatchObject({ outcome: "stopped", startedAtMs: 0 });
    registry.close();
  });

  test("without an engine it is not available, and attempts fail as infrastructure", async () => {
    const bench = new Bench(engine(), { socketPath: "/no/such/docker.sock", engineLossMs: 100 });
    expect(await bench.executor.available()).toMatchObject({ ok: false, reason: expect.stringContaining("/no/such/docker.sock") });
    const { result } = await bench.finish({ shell: "true" });
    expect(result).toMatchObject({ outcome: "failed", errorType: "ENGINE", retryable: true, startedAtMs: 0 });
    await bench.close();
  });
});
