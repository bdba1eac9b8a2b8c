import { expect, test } from "@jest/globals";
import { DockerTask, MisfirePolicy, NodeLossPolicy, Policy, ProcessTask } from "@coxswain/protocol";
import { DEFAULT_POLICY } from "../src/limits.ts";
import { policyDefaults, resolvePolicy } from "../src/resolve-policy.ts";

test("a job that does not say gets the default of everything", () => {
  expect(resolvePolicy(undefined, DEFAULT_POLICY)).toEqual(DEFAULT_POLICY);
  expect(resolvePolicy(Policy.fromPartial({}), DEFAULT_POLICY)).toEqual(DEFAULT_POLICY);
});

test("what it says stands", () => {
  const asked = {
    maxAttempts: 1,
    timeoutMs: 7,
    retryInitialMs: 2,
    retryMaxMs: 3,
    onNodeLoss: NodeLossPolicy.FAIL,
    misfire: MisfirePolicy.SKIP,
    priority: 9,
  };
  expect(resolvePolicy(asked, DEFAULT_POLICY)).toEqual(asked);
});

test("a default never contradicts the one bound that was named", () => {
  expect(resolvePolicy(Policy.fromPartial({ retryMaxMs: 10 }), DEFAULT_POLICY)).toMatchObject({
    retryInitialMs: 10,
    retryMaxMs: 10,
  });
  expect(resolvePolicy(Policy.fromPartial({ retryInitialMs: 90_000 }), DEFAULT_POLICY)).toMatchObject({
    retryInitialMs: 90_000,
    retryMaxMs: 90_000,
  });
});

test("a container has a limit of time of its own, unless its job names one", () => {
  const docker = { kind: { $case: "docker", value: DockerTask.fromPartial({}) } } as const;
  const process = { kind: { $case: "process", value: ProcessTask.fromPartial({}) } } as const;
  expect(policyDefaults(docker, DEFAULT_POLICY, 30_000)).toEqual({ ...DEFAULT_POLICY, timeoutMs: 30_000 });
  expect(policyDefaults(process, DEFAULT_POLICY, 30_000)).toBe(DEFAULT_POLICY);
  const asked = resolvePolicy(
    Policy.fromPartial({ timeoutMs: 7 }),
    policyDefaults(docker, DEFAULT_POLICY, 30_000),
  );
  expect(asked.timeoutMs).toBe(7);
});
