import { describe, expect, test } from "@jest/globals";
import { countVotes, isQuorum, majorityOf, quorumValue } from "../../src/core/quorum.ts";
import { votersOf } from "./harness/states.ts";

describe("quorums", () => {
  test.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 3],
    [5, 3],
    [6, 4],
    [7, 4],
  ])("of %i nodes, %i decide", (count, needed) => {
    expect(majorityOf(count)).toBe(needed);
  });

  test("the value of a quorum is the highest that a majority has reached, for all orders of up to five", () => {
    for (let size = 1; size <= 5; size += 1) {
      const ids = Array.from({ length: size }, (_, at) => at + 1);
      for (let code = 0; code < 4 ** size; code += 1) {
        const values = ids.map((_, at) => Math.floor(code / 4 ** at) % 4);
        const sorted = [...values].sort((a, b) => b - a);
        expect(quorumValue(votersOf(...ids), (id) => values[id - 1]!)).toBe(sorted[Math.floor(size / 2)]);
      }
    }
  });

  test("a joint quorum is no better than its worse half, dissertation 4.3", () => {
    const joint = { voters: [1, 2, 3], votersOutgoing: [3, 4, 5], learners: [6] };
    const values: Record<number, number> = { 1: 9, 2: 9, 3: 9, 4: 2, 5: 1, 6: 9 };
    expect(quorumValue(joint, (id) => values[id]!)).toBe(2);
  });

  test("a configuration without voters decides nothing", () => {
    expect(quorumValue(votersOf(), () => 5)).toBe(0);
    expect(isQuorum(votersOf(), () => true)).toBe(false);
  });

  test("an election is won or lost as soon as the missing votes cannot change it", () => {
    const three = votersOf(1, 2, 3);
    const count = (...votes: (boolean | undefined)[]): string => countVotes(three, (id) => votes[id - 1]);
    expect(count(true)).toBe("pending");
    expect(count(true, false)).toBe("pending");
    expect(count(true, true)).toBe("won");
    expect(count(true, false, false)).toBe("lost");
    const joint = { voters: [1, 2, 3], votersOutgoing: [4], learners: [] };
    const answers: Record<number, boolean> = { 1: true, 2: true };
    expect(countVotes(joint, (id) => answers[id])).toBe("pending");
    expect(countVotes(joint, (id) => (id === 4 ? false : answers[id]))).toBe("lost");
    expect(countVotes(joint, (id) => (id === 4 ? true : answers[id]))).toBe("won");
  });
});
