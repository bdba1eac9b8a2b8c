import { describe, expect, test } from "@jest/globals";
import { Raft, type RaftConfig } from "../../src/core/raft.ts";
import { emptyState, stateWithLog, votersOf } from "./harness/states.ts";

const make = (config: RaftConfig): Raft => new Raft(config, emptyState(votersOf(1)), () => 0);

describe("settings", () => {
  test.each<[string, RaftConfig]>([
    ["id", { id: 0 }],
    ["id", { id: 2 ** 32 }],
    ["electionTicks", { id: 1, electionTicks: 0 }],
    ["heartbeatTicks", { id: 1, heartbeatTicks: 1.5 }],
    ["heartbeatTicks", { id: 1, heartbeatTicks: 15 }],
    ["electionTicksMax", { id: 1, electionTicksMax: 15 }],
    ["maxInflightAppends", { id: 1, maxInflightAppends: Number.NaN }],
  ])("an unworkable %s is refused by name: %o", (field, config) => {
    expect(() => make(config)).toThrow(
      expect.objectContaining({ code: "RAFT_CONFIG_INVALID", category: "invalid" }),
    );
    expect(() => make(config)).toThrow(field);
  });

  test("a state machine ahead of its log, or behind it, is refused", () => {
    const persisted = stateWithLog(votersOf(1), [1, 1]);
    const start = (appliedIndex: number): Raft => new Raft({ id: 1, appliedIndex }, persisted, () => 0);
    expect(() => start(3)).toThrow("reset the log");
    expect(() => start(-1)).toThrow("restore this node");
    expect(start(2).status()).toMatchObject({ commitIndex: 2, appliedIndex: 2 });
  });

  test("what the state machine holds is not handed out again", () => {
    const raft = new Raft({ id: 1, appliedIndex: 2 }, stateWithLog(votersOf(1), [1, 1, 1]), () => 0);
    raft.campaign();
    const handed: number[] = [];
    for (let ready = raft.ready(); ready !== undefined; ready = raft.ready()) {
      handed.push(...ready.committed.map((entry) => entry.index));
      if (ready.append !== undefined) raft.appended(ready.id);
    }
    expect(handed).toEqual([3, 4]);
  });
});
