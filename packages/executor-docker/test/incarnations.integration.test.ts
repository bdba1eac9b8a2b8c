/** What happens to containers when the node or the engine goes and comes back. */
import { expect, test } from "@jest/globals";
import { Bench, untilOutput } from "./bench.ts";
import { describeDocker, useEngine } from "./docker.ts";
import { containerName } from "../src/container-spec.ts";

describeDocker("after a crash", () => {
  const engine = useEngine();

  test("what earlier incarnations left, running, created or exited, is ended by its label; what is others' stays", async () => {
    const earlier = new Bench(engine());
    const stranger = new Bench(engine());
    const task = await earlier.start({ shell: "echo ready; sleep 1000" });
    const strange = await stranger.start({ shell: "echo ready; sleep 1000" });
    await Promise.all([untilOutput(task, "ready"), untilOutput(strange, "ready")]);
    const Labels = { "coxswain.scope": earlier.scope };
    await earlier.docker.createContainer({ Image: "alpine:latest", Cmd: ["true"], Labels });
    const exited = await earlier.docker.createContainer({ Image: "alpine:latest", Cmd: ["true"], Labels });
    await exited.start();
    await exited.wait();
    expect((await earlier.containers()).length).toBe(3);

    const later = new Bench(engine(), { scope: earlier.scope });
    await later.executor.reap();
    expect(await later.containers()).toEqual([]);
    expect((await stranger.containers()).length).toBe(1);
    expect((await task.result).outcome).toBe("failed");
    for (const bench of [earlier, later, stranger]) await bench.close();
  });

  test("what still runs is adopted, and what has ended meanwhile is told", async () => {
    const earlier = new Bench(engine());
    const running = await earlier.start({ shell: "echo before; trap 'echo bye; exit 7' TERM; while :; do sleep 0.05; done" });
    await untilOutput(running, "before");
    await earlier.untilRunning();

    const later = new Bench(engine(), { scope: earlier.scope });
    const [adopted] = await later.executor.adopt([earlier.context.ref], { guard: later.guard });
    expect(adopted?.ref).toEqual(earlier.context.ref);
    await later.executor.reap();
    expect((await later.containers()).length).toBe(1);
    await adopted?.stop(20_000);
    expect(await adopted?.result).toMatchObject({ outcome: "stopped", exitCode: 7 });
    expect(Buffer.from(adopted?.output.tail(Infinity) ?? []).toString()).toContain("bye");
    expect(await later.leftovers()).toEqual([]);
    expect(later.guard.targets).toEqual([]);
    for (const bench of [earlier, later]) await bench.close();
  });

  test("an engine that dies during a job and comes back has not the job any more; the attempt failed as infrastructure", async () => {
    const bench = new Bench(engine());
    const task = await bench.start({ shell: "echo ready; sleep 1000" });
    await untilOutput(task, "ready");
    await bench.untilRunning();
    await engine().stop("SIGKILL");
    await engine().start();
    expect(await task.result).toMatchObject({ outcome: "failed", errorType: "ENGINE", retryable: true });
    expect(await bench.leftovers()).toEqual([]);
    const ref = { ...bench.context.ref, attempt: 3 };
    const spec = { task: { kind: "docker", image: "", shell: "echo again" }, timeoutMs: 60_000 } as const;
    const again = await bench.executor.start(spec, { ...bench.context, ref });
    expect(await again.result).toMatchObject({ outcome: "succeeded" });
    expect(containerName(ref)).not.toBe(containerName(bench.context.ref));
    await bench.close();
  });

  test("an engine that is restarted in order fails its attempts as infrastructure, too", async () => {
    const bench = new Bench(engine());
    const task = await bench.start({ shell: "echo ready; sleep 1000" });
    await untilOutput(task, "ready");
    await bench.untilRunning();
    await engine().stop("SIGTERM");
    await engine().start();
    expect(await task.result).toMatchObject({ outcome: "failed", errorType: "ENGINE", retryable: true });
    await bench.close();
  });
});
