import { encodeConfiguration } from "@coxswain/raft-core";
import { beforeEach, describe, expect, test } from "@jest/globals";
import {
  Command,
  EntryOrderError,
  FeatureLevelError,
  JobStore,
  UnknownCommandError,
  SUPPORTED_FEATURE_LEVEL,
} from "../src/index.ts";
import { Meta } from "../src/meta.ts";
import { META_KEY } from "../src/keys.ts";
import { lose, raise, register, submit } from "./support/bodies.ts";
import { databaseOf } from "./support/dump.ts";
import { commandEntry, Harness } from "./support/harness.ts";

let harness: Harness;
beforeEach(async () => {
  harness = await Harness.open();
});

describe("the feature level (G7)", () => {
  test("rises once every node supports it, and never falls", async () => {
    await harness.apply(register(1, { featureLevel: 1 }));
    await harness.apply(register(2, { featureLevel: 0 }));
    expect(await harness.apply(raise(1))).toMatchObject({
      error: { code: "FEATURE_LEVEL_UNSUPPORTED", message: expect.stringContaining("Nodes 2") },
    });
    await harness.apply(register(2, { featureLevel: 1, incarnation: 2 }));
    expect(await harness.apply(raise(1))).toEqual({ kind: "featureLevelRaised", featureLevel: 1 });
    expect(await harness.apply(raise(0))).toEqual({ kind: "featureLevelRaised", featureLevel: 1 });
    await harness.store.flush();
    expect(harness.store.durable().featureLevel).toBe(1);
  });

  test("a node below it stops", async () => {
    await expect(harness.apply(raise(SUPPORTED_FEATURE_LEVEL + 1))).rejects.toThrow(FeatureLevelError);
    await expect(harness.apply(lose(1))).rejects.toThrow();
  });

  test("a node below it refuses to start", async () => {
    await harness.apply(submit({ jobId: "a" }));
    await harness.store.close();
    const db = await databaseOf(harness.directory);
    const meta = Meta.decode((await db.get(META_KEY))!);
    meta.featureLevel = SUPPORTED_FEATURE_LEVEL + 1;
    await db.put(META_KEY, meta.encode());
    await db.close();
    await expect(JobStore.open({ directory: harness.directory })).rejects.toThrow(FeatureLevelError);
  });
});

describe("entries that this version does not know (G7)", () => {
  test.each([
    ["a newer version", Command.encode({ version: 2, timeMs: 1, requestId: "", body: raise(1) }).finish()],
    ["no version", Command.encode({ version: 0, timeMs: 1, requestId: "", body: raise(1) }).finish()],
    ["an unknown body", Command.encode({ version: 1, timeMs: 1, requestId: "", body: undefined }).finish()],
    ["no command", new Uint8Array([0xff, 0xff, 0xff])],
  ])("%s stops the node", async (_what, data) => {
    await expect(harness.store.apply([{ index: 1, term: 1, type: "normal", data }])).rejects.toThrow(
      UnknownCommandError,
    );
    expect(harness.store.appliedIndex()).toBe(0);
  });

  test("a gap in the entries stops the node, and nothing of it is written", async () => {
    await expect(
      harness.store.apply([commandEntry(1, submit({ jobId: "a" })), commandEntry(3, submit({ jobId: "b" }))]),
    ).rejects.toThrow(EntryOrderError);
    await harness.store.close();
    const again = await JobStore.open({ directory: harness.directory });
    expect(again.appliedIndex()).toBe(0);
  });
});

describe("entries of Raft itself", () => {
  test("noop and config advance index, term and configuration", async () => {
    const configuration = { voters: [1, 2, 3], votersOutgoing: [], learners: [4] };
    const results = await harness.store.apply([
      { index: 1, term: 2, type: "noop", data: new Uint8Array(0) },
      { index: 2, term: 2, type: "config", data: encodeConfiguration(configuration) },
    ]);
    expect(results).toEqual([{ kind: "noop" }, { kind: "configured" }]);
    await harness.reopen();
    expect(harness.store.durable()).toEqual({ index: 2, term: 2, configuration, featureLevel: 0 });
    expect(harness.store.configuration()).toEqual(configuration);
  });
});
