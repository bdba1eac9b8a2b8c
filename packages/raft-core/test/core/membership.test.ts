import { describe, expect, test } from "@jest/globals";
import { leaveJoint, planChange } from "../../src/core/membership.ts";
import type { ConfChange, MemberChange } from "../../src/core/outcomes.ts";
import type { Configuration } from "../../src/types.ts";

const MEMBERS: Configuration = { voters: [1, 2, 3], votersOutgoing: [], learners: [4] };

function planned(change: ConfChange, current: Configuration = MEMBERS): unknown {
  const plan = planChange(current, change);
  return plan.possible ? plan.configuration : plan.reason;
}

function joint(...changes: MemberChange[]): ConfChange {
  return { type: "joint", changes };
}

describe("a change of one member, dissertation 4.1", () => {
  test("adds, promotes or removes, and keeps ids in order", () => {
    expect(planned({ type: "addVoter", node: 5 })).toEqual({ ...MEMBERS, voters: [1, 2, 3, 5] });
    expect(planned({ type: "addLearner", node: 9 })).toEqual({ ...MEMBERS, learners: [4, 9] });
    expect(planned({ type: "removeNode", node: 2 })).toEqual({ ...MEMBERS, voters: [1, 3] });
    expect(planned({ type: "removeNode", node: 4 })).toEqual({ ...MEMBERS, learners: [] });
    expect(planned({ type: "promoteLearner", node: 4 })).toEqual({
      voters: [1, 2, 3, 4],
      votersOutgoing: [],
      learners: [],
    });
  });

  test.each<[ConfChange, string]>([
    [{ type: "addVoter", node: 2 }, "alreadyMember"],
    [{ type: "addVoter", node: 4 }, "alreadyMember"],
    [{ type: "addLearner", node: 4 }, "alreadyMember"],
    [{ type: "promoteLearner", node: 2 }, "alreadyMember"],
    [{ type: "promoteLearner", node: 9 }, "unknownNode"],
    [{ type: "removeNode", node: 9 }, "unknownNode"],
    [{ type: "addVoter", node: 0 }, "invalidNode"],
    [{ type: "addVoter", node: 1.5 }, "invalidNode"],
    [{ type: "addLearner", node: 2 ** 32 }, "invalidNode"],
    [joint(), "empty"],
    [joint({ type: "addLearner", node: 5 }, { type: "promoteLearner", node: 5 }), "sameNodeTwice"],
    [joint({ type: "addVoter", node: 5 }, { type: "removeNode", node: 9 }), "unknownNode"],
    [
      joint(
        { type: "removeNode", node: 1 },
        { type: "removeNode", node: 2 },
        { type: "removeNode", node: 3 },
      ),
      "noVoterLeft",
    ],
  ])("%j is refused: %s", (change, reason) => {
    expect(planned(change)).toBe(reason);
  });

  test("never removes the last voter, though learners be left", () => {
    const last = { voters: [1], votersOutgoing: [], learners: [2, 3] };
    expect(planned({ type: "removeNode", node: 1 }, last)).toBe("noVoterLeft");
  });
});

describe("several changes at once, dissertation 4.3", () => {
  test("are joint when more than one voter comes or goes", () => {
    const swap = joint({ type: "removeNode", node: 1 }, { type: "promoteLearner", node: 4 });
    const entered = planned(swap) as Configuration;
    expect(entered).toEqual({ voters: [2, 3, 4], votersOutgoing: [1, 2, 3], learners: [] });
    expect(leaveJoint(entered)).toEqual({ voters: [2, 3, 4], votersOutgoing: [], learners: [] });
  });

  test("are one step when at most one voter comes or goes, for majorities then overlap anyway", () => {
    const change = joint({ type: "addVoter", node: 5 }, { type: "addLearner", node: 6 });
    expect(planned(change)).toEqual({ voters: [1, 2, 3, 5], votersOutgoing: [], learners: [4, 6] });
  });
});
