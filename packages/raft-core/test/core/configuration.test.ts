import { describe, expect, test } from "@jest/globals";
import {
  decodeConfiguration,
  encodeConfiguration,
  isVoter,
  membersOf,
} from "../../src/core/configuration.ts";
import { ConfigurationHistory } from "../../src/core/configuration-history.ts";
import { snapshotAt, votersOf } from "./harness/states.ts";

const JOINT = { voters: [3, 1], votersOutgoing: [1, 2], learners: [4_294_967_295] };

describe("configurations", () => {
  test("survive being written into an entry", () => {
    for (const configuration of [JOINT, votersOf(), votersOf(1)]) {
      expect(decodeConfiguration(encodeConfiguration(configuration))).toEqual(configuration);
    }
  });

  test("are refused when a byte is missing or left over, or a count is absurd", () => {
    const bytes = encodeConfiguration(JOINT);
    expect(() => decodeConfiguration(bytes.subarray(1))).toThrow("damaged");
    expect(() => decodeConfiguration(new Uint8Array([...bytes, 0]))).toThrow("damaged");
    expect(() => decodeConfiguration(new Uint8Array(12).fill(255))).toThrow("damaged");
  });

  test("name each member once, and voters of both halves", () => {
    expect(membersOf(JOINT)).toEqual([1, 2, 3, 4_294_967_295]);
    expect([isVoter(JOINT, 2), isVoter(JOINT, 3), isVoter(JOINT, 4_294_967_295)]).toEqual([
      true,
      true,
      false,
    ]);
  });

  test("follow the log as it grows, is cut back and is compacted", () => {
    const history = new ConfigurationHistory(snapshotAt(0, 0, votersOf(1)));
    const entry = (index: number, ...ids: number[]): void =>
      history.appended({ index, term: 1, type: "config", data: encodeConfiguration(votersOf(...ids)) });
    entry(3, 1, 2);
    entry(5, 1, 2, 3);
    expect([history.currentIndex, history.current]).toEqual([5, votersOf(1, 2, 3)]);
    history.truncatedFrom(5);
    expect([history.currentIndex, history.current]).toEqual([3, votersOf(1, 2)]);
    history.compacted(snapshotAt(4, 1, votersOf(1, 2)));
    history.truncatedFrom(5);
    expect([history.currentIndex, history.current]).toEqual([4, votersOf(1, 2)]);
  });

  test("are known for every index that is held", () => {
    const history = new ConfigurationHistory(snapshotAt(2, 1, votersOf(1)));
    for (const index of [4, 7]) {
      const data = encodeConfiguration(votersOf(1, index));
      history.appended({ index, term: 1, type: "config", data });
    }
    expect(history.at(1)).toBeUndefined();
    expect([2, 3, 4, 6, 7, 99].map((index) => history.at(index)?.voters)).toEqual([
      [1],
      [1],
      [1, 4],
      [1, 4],
      [1, 7],
      [1, 7],
    ]);
    expect(history.from(5).map(({ voters }) => voters)).toEqual([
      [1, 4],
      [1, 7],
    ]);
  });
});
