/** What happens to containers when the node or the engine goes and comes back. */
import { describe, expect, test } from "@jest/globals";
import { untilOutput } from "../../executor/test/until-output.ts";
import { Bench } from "./bench.ts";
import { describeDocker, useEngine } from "./docker.ts";
import { processesMarked } from "./processes.ts";
import type { RunningTask } from "@coxswain/executor";

const WITHIN_MS = 60_000;

describeDocker("after a crash", () => {
  const engine = useEngine();
  const started = async (bench: Bench, shell = "echo ready; sleep 1000"): Promise<RunningTask> => {
    const task = await bench.start({ shell });
    await untilOutput(task, "ready");
    await bench.untilRunning();
    return task;
  };

  describe("of the node", () => {
    test("what earlier incarnations left, running, created or exited, is ended by its label; what is others' stays", async () => {
      const [later, stranger] = [new Bench(engine()), new Bench(engine())];
      await later.leave({ shell: "sleep 1000" }, "running");
      await later.leave({ shell: "true" }, "created");
      await later.leave({ shell: "true" }, "exited");
      await stranger.leave({ shell: "true" }, "created");
      expect((await later.containers()).length).toBe(3);

      await later.executor.reap();
      expect(await later.containers()).toEqual([]);
      expect((await stranger.containers()).length).toBe(1);
      await stranger.executor.reap();
      for (const bench of [later, stranger]) await bench.close();
    });

    test("containers of lost attempts, running, created or exited, are removed by their label after a grace; running attempts are not (case 24)", async () => {
      const patient = new Bench(engine(), { orphanGraceMs: 3_600_000 });
      const task = await started(patient);
      await patient.executor.reap();
      for (const state of ["running", "created", "exited"] as const) await patient.leave({ shell: "sleep 0.1" }, state);
      await patient.executor.reconcile();
      expect((await patient.containers()).length).toBe(4);

      const strict = new Bench(engine(), { scope: patient.scope, orphanGraceMs: -1_000 });
      const [adopted] = await strict.executor.adopt([patient.context.ref]);
      await strict.executor.reconcile();
      expect((await strict.containers()).map(({ State: state }) => state)).toEqual(["running"]);
      await Promise.all([adopted?.stop(0), task.stop(0)]);
      expect(await strict.leftovers()).toEqual([]);
      for (const bench of [patient, strict]) await bench.close();
    }, WITHIN_MS);

    test("what still runs is adopted: its output goes on behind a gap, and it can be stopped", async () => {
      const later = new Bench(engine());
      const { ref, jobId } = await later.leave({ shell: "trap 'echo bye; exit 7' TERM; while :; do echo more; sleep 0.05; done" }, "running");
      expect(await later.executor.leftovers()).toEqual([ref]);
      const [adopted] = await later.executor.adopt([ref], { guard: later.guard });
      if (!adopted) throw new Error("not adopted");
      expect([adopted.ref, jobId]).toEqual([ref, later.scope]);
      const reader = adopted.output.reader();
      expect(await reader.next()).toMatchObject({ value: { kind: "gap", from: 0, to: adopted.output.firstOffset } });
      await untilOutput(adopted, "more");
      await later.executor.reap();
      expect((await later.containers()).length).toBe(1);
      expect(later.guard.targets.length).toBe(1);
      await adopted.stop(20_000);
      expect(await adopted.result).toMatchObject({ outcome: "stopped", exitCode: 7 });
      expect(Buffer.from(adopted.output.tail(Infinity)).toString()).toMatch(/^(more\n)+bye\n$/);
      await reader.return();
      expect(await later.leftovers()).toEqual([]);
      expect(later.guard.targets).toEqual([]);
      await later.close();
    });

    test("what is adopted over its limit is ended as timed out", async () => {
      const later = new Bench(engine());
      const { ref } = await later.leave({ shell: "echo ready; sleep 1000" }, "running", 1);
      const [adopted] = await later.executor.adopt([ref]);
      expect(await adopted?.result).toMatchObject({ outcome: "timedOut", errorType: "TIMEOUT" });
      expect(await later.leftovers()).toEqual([]);
      await later.close();
    });

    test("what has ended unseen is adopted with its end and its times, though its limit is over by now", async () => {
      const later = new Bench(engine());
      const { ref } = await later.leave({ shell: "exit 7" }, "exited", 1);
      const [adopted] = await later.executor.adopt([ref], { guard: later.guard });
      const adoptedAtMs = Date.now();
      const result = await adopted?.result;
      expect(result).toMatchObject({ outcome: "failed", errorType: "EXIT_CODE", exitCode: 7 });
      expect(result?.endedAtMs).toBeGreaterThanOrEqual(result?.startedAtMs ?? Infinity);
      expect(result?.endedAtMs).toBeLessThanOrEqual(adoptedAtMs);
      expect(adopted?.output.read(0, 100)).toMatchObject({ gap: { from: 0 }, chunks: [], ended: true });
      expect(await later.leftovers()).toEqual([]);
      await later.close();
    });

    test("what was not asked for, or never ran, is not adopted", async () => {
      const later = new Bench(engine());
      const created = await later.leave({ shell: "true" }, "created");
      const exited = await later.leave({ shell: "true" }, "exited");
      expect(await later.executor.leftovers()).toEqual([exited.ref]);
      expect(await later.executor.adopt([created.ref, { ...exited.ref, attempt: 9 }])).toEqual([]);
      await later.executor.reap();
      expect(await later.containers()).toEqual([]);
      await later.close();
    });
  });

  describe("of the engine", () => {
    test.each([["killed", "SIGKILL"], ["restarted in order", "SIGTERM"]] as const)(
      "that is %s during a job, the attempt failed as infrastructure when nothing of it runs; its retry runs alone (case 21)",
      async (_, signal) => {
        const bench = new Bench(engine());
        const task = await started(bench);
        const marker = await markerOf(bench);
        await engine().stop(signal);
        await engine().start();
        expect(await task.result).toMatchObject({ outcome: "failed", errorType: "ENGINE", retryable: true });
        expect(processesMarked(marker)).toEqual([]);
        expect((await bench.containers()).filter(({ State: state }) => state === "running")).toEqual([]);

        const ref = { ...bench.context.ref, attempt: 3 };
        const again = await bench.executor.start({ task: { kind: "docker", image: "", shell: "echo ready; sleep 1000" }, timeoutMs: 60_000 }, { ...bench.context, ref });
        await untilOutput(again, "ready");
        await bench.untilRunning();
        const alive = (await bench.containers()).filter(({ State: state }) => state === "running");
        expect(alive.map(({ Labels: { "coxswain.attempt": attempt } }) => attempt)).toEqual(["3"]);
        await again.stop(0);
        expect(await bench.leftovers()).toEqual([]);
        await bench.close();
      },
      WITHIN_MS,
    );

    test.each([0, 7])("that is shut down, a task that heeds its SIGTERM and exits with %i has neither succeeded nor failed by itself", async (code) => {
      const bench = new Bench(engine());
      const task = await started(bench, `trap 'exit ${code}' TERM; echo ready; while :; do sleep 0.05; done`);
      await engine().stop("SIGTERM");
      await engine().start();
      expect(await task.result).toMatchObject({ outcome: "failed", errorType: "ENGINE", retryable: true });
      expect(await bench.leftovers()).toEqual([]);
      await bench.close();
    }, WITHIN_MS);

    test("that stays away, the attempt is ended without it, and its container goes when it is back", async () => {
      const bench = new Bench(engine(), { engineLossMs: 1, orphanGraceMs: 0 });
      const task = await started(bench);
      const marker = await markerOf(bench);
      expect(processesMarked(marker).length).toBeGreaterThan(0);
      await engine().stop("SIGKILL");
      expect(await task.result).toMatchObject({ outcome: "failed", errorType: "ENGINE", retryable: true });
      expect(processesMarked(marker)).toEqual([]);
      await expect(bench.executor.reconcile()).rejects.toThrow();
      await engine().start();
      await bench.executor.reconcile();
      expect(await bench.leftovers()).toEqual([]);
      await bench.close();
    }, WITHIN_MS);
  });
});

async function markerOf(bench: Bench): Promise<string> {
  const [container] = await bench.containers();
  const marker = container?.Labels["coxswain.run"];
  if (marker === undefined) throw new Error("there is no container");
  return marker;
}
