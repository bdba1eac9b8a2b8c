import { expect, test } from "@jest/globals";
import { purge, submit } from "./support/bodies.ts";
import { Harness } from "./support/harness.ts";

test("log time never falls, whatever a new leader's clock says (G3)", async () => {
  const harness = await Harness.open();
  await harness.apply(submit({ jobId: "a" }), { timeMs: 5_000 });
  await harness.apply(submit({ jobId: "b" }), { timeMs: 3_000 });
  expect([(await harness.store.job("a"))?.createdAtMs, (await harness.store.job("b"))?.createdAtMs]).toEqual([
    5_000, 5_000,
  ]);
  await harness.reopen();
  await harness.apply(purge(), { timeMs: 4_000 });
  expect(harness.store.logTimeMs()).toBe(5_000);
});
