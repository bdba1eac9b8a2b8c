import { expect, test } from "@jest/globals";
import { MisfirePolicy, NodeLossPolicy, Policy } from "@coxswain/protocol";
import { DEFAULT_POLICY } from "../src/limits.ts";
import { resolvePolicy } from "../src/resolve-policy.ts";

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
