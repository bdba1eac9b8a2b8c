/** The lease ends while a container is made ready. What ends running ones is the guard's: see the tests of the worker. */
import { expect, test } from "@jest/globals";
import { MemoryGuard } from "@coxswain/executor";
import type { GuardTarget } from "@coxswain/executor";
import { Bench } from "./bench.ts";
import { describeDocker, useEngine } from "./docker.ts";

/** Its lease ends once it knows a container, which it then takes away, as the guard does with one that is not running. */
class EndingGuard extends MemoryGuard {
  takeAway: (target: GuardTarget) => Promise<void> = async () => {};

  override async protect(target: GuardTarget): Promise<void> {
    await super.protect(target);
    this.endAll(() => {});
    await this.takeAway(target);
  }
}

describeDocker("when the lease ends while a container is made ready", () => {
  const engine = useEngine();

  test("it exists when the guard hears of it, is not started once that has removed it, and the attempt is lost", async () => {
    const bench = new Bench(engine());
    const guard = new EndingGuard();
    const removed: string[] = [];
    guard.takeAway = async (target) => {
      for (const { Id: id, Labels: labels, State: state } of await bench.containers()) {
        expect([target.kind, Object.entries(labels).map((label) => label.join("="))]).toEqual(["container", expect.arrayContaining(["label" in target ? target.label : ""])]);
        await bench.docker.getContainer(id).remove({ force: true });
        removed.push(state);
      }
    };
    const spec = { task: { kind: "docker", image: "", shell: "echo ran" }, timeoutMs: 60_000 } as const;
    const task = await bench.executor.start(spec, { ...bench.context, guard });
    expect(await task.result).toMatchObject({ outcome: "lost", errorType: "LEASE_ENDED", retryable: true, startedAtMs: 0 });
    expect(removed).toEqual(["created"]);
    expect(task.output.totalBytes).toBe(0);
    expect(await bench.leftovers()).toEqual([]);
    await bench.close();
  });
});
