import { beforeEach, describe, expect, test } from "@jest/globals";
import { AttemptOutcome, ExecutionStatus, JobState, NodeLossPolicy } from "../src/index.ts";
import { items } from "./support/answers.ts";
import {
  assign,
  cancel,
  lose,
  on,
  POLICY,
  register,
  report,
  settings,
  shell,
  submit,
} from "./support/bodies.ts";
import { Harness } from "./support/harness.ts";

const A = "a.2.1";
let harness: Harness;
beforeEach(async () => {
  harness = await Harness.open();
  await harness.apply(register(1, { capacity: 1 }));
});

describe("the loss of a node", () => {
  test("attempts run again elsewhere at once, without counting against max_attempts", async () => {
    await harness.apply(submit({ jobId: "a", placement: on(1), policy: { ...POLICY, maxAttempts: 1 } }));
    expect(items(await harness.apply(lose(1)))).toEqual([{ kind: "lost", attempts: 1 }]);
    expect(await harness.store.queueHead(9)).toMatchObject([{ executionId: A, attempt: 2 }]);
    await harness.apply(register(2));
    await harness.apply(assign(A, 2, on(2)));
    await harness.apply(report(A, 2, AttemptOutcome.FAILED, { nodeId: 2 }));
    expect(await harness.execution(A)).toMatchObject({ status: ExecutionStatus.FAILED, nodeLosses: 1 });
  });

  test("with on_node_loss FAIL the execution fails: at most once", async () => {
    await harness.apply(
      submit({ jobId: "a", placement: on(1), policy: { ...POLICY, onNodeLoss: NodeLossPolicy.FAIL } }),
    );
    await harness.apply(lose(1));
    expect(await harness.execution(A)).toMatchObject({
      status: ExecutionStatus.FAILED,
      attempts: [{ result: { outcome: AttemptOutcome.LOST } }],
    });
  });

  test("with on_node_loss FAIL, what its node gave back before it started runs elsewhere all the same", async () => {
    const policy = { ...POLICY, onNodeLoss: NodeLossPolicy.FAIL };
    await harness.apply(submit({ jobId: "a", placement: on(1), policy }));
    await harness.apply(report(A, 1, AttemptOutcome.LOST, { startedAtMs: 0 }));
    expect(await harness.execution(A)).toMatchObject({ status: ExecutionStatus.PENDING, nodeLosses: 1 });
    await harness.apply(assign(A, 2, on(1)));
    await harness.apply(report(A, 2, AttemptOutcome.LOST, { startedAtMs: 5 }));
    expect(await harness.execution(A)).toMatchObject({ status: ExecutionStatus.FAILED, nodeLosses: 2 });
  });

  test("losses have a limit of their own", async () => {
    await harness.apply(settings({ maxNodeLossesPerExecution: 1 }));
    await harness.apply(submit({ jobId: "a", placement: on(1) }));
    const id = (await harness.store.job("a"))?.latestExecutionId ?? "";
    await harness.apply(lose(1));
    await harness.apply(register(1, { incarnation: 2 }));
    await harness.apply(assign(id, 2, on(1, 2)));
    await harness.apply(lose(1, 2));
    expect(await harness.execution(id)).toMatchObject({ status: ExecutionStatus.FAILED, nodeLosses: 2 });
  });

  test("a cancelled attempt of a lost node ends as CANCELLED", async () => {
    await harness.apply(submit({ jobId: "a", placement: on(1), task: shell("sleep 9") }));
    await harness.apply(cancel("a"));
    await harness.apply(lose(1));
    expect(await harness.store.job("a")).toMatchObject({
      state: JobState.CANCELLED,
      status: ExecutionStatus.CANCELLED,
    });
  });
});
