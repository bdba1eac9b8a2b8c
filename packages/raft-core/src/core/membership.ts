/** What a change makes of a configuration, or why it cannot be made (dissertation, chapter 4). No state of its own. */
import type { Configuration, NodeId } from "../types.ts";
import type { ChangeRefusal, ConfChange, MemberChange } from "./outcomes.ts";

export type MembershipPlan =
  | { readonly possible: true; readonly configuration: Configuration }
  | { readonly possible: false; readonly reason: ChangeRefusal };

/** The members while a change is worked out. */
interface Draft {
  readonly voters: Set<NodeId>;
  readonly learners: Set<NodeId>;
}

/**
 * The configuration to append for `change`. It is joint exactly if more than one voter comes or goes:
 * majorities of sets that differ in one voter overlap anyway (dissertation 4.1 and 4.3).
 */
export function planChange(current: Configuration, change: ConfChange): MembershipPlan {
  const steps = change.type === "joint" ? change.changes : [change];
  const reason = refusalOf(steps);
  if (reason !== undefined) return { possible: false, reason };
  const draft: Draft = { voters: new Set(current.voters), learners: new Set(current.learners) };
  for (const step of steps) {
    const refused = takeStep(draft, step);
    if (refused !== undefined) return { possible: false, reason: refused };
  }
  if (draft.voters.size === 0) return { possible: false, reason: "noVoterLeft" };
  return { possible: true, configuration: configurationOf(current, draft) };
}

/** What follows a joint configuration, once it is committed. */
export function leaveJoint({ voters, learners }: Configuration): Configuration {
  return { voters, votersOutgoing: [], learners };
}

/** The nodes whose promotion `change` asks for. */
export function promotedBy(change: ConfChange): NodeId[] {
  const steps = change.type === "joint" ? change.changes : [change];
  return steps.filter((step) => step.type === "promoteLearner").map((step) => step.node);
}

function refusalOf(steps: readonly MemberChange[]): ChangeRefusal | undefined {
  if (steps.length === 0) return "empty";
  const isNodeId = ({ node }: MemberChange): boolean => Number.isInteger(node) && node > 0 && node < 2 ** 32;
  if (!steps.every(isNodeId)) return "invalidNode";
  return new Set(steps.map((step) => step.node)).size < steps.length ? "sameNodeTwice" : undefined;
}

function takeStep({ voters, learners }: Draft, { type, node }: MemberChange): ChangeRefusal | undefined {
  const isMember = voters.has(node) || learners.has(node);
  switch (type) {
    case "addVoter":
    case "addLearner":
      if (isMember) return "alreadyMember";
      (type === "addVoter" ? voters : learners).add(node);
      return undefined;
    case "promoteLearner":
      if (!isMember) return "unknownNode";
      if (!learners.delete(node)) return "alreadyMember";
      voters.add(node);
      return undefined;
    case "removeNode":
      if (!isMember) return "unknownNode";
      voters.delete(node);
      learners.delete(node);
      return undefined;
  }
}

function configurationOf(current: Configuration, draft: Draft): Configuration {
  const before = new Set(current.voters);
  const come = [...draft.voters].filter((id) => !before.has(id)).length;
  const gone = current.voters.filter((id) => !draft.voters.has(id)).length;
  return {
    voters: ascending(draft.voters),
    votersOutgoing: come + gone > 1 ? current.voters : [],
    learners: ascending(draft.learners),
  };
}

function ascending(ids: ReadonlySet<NodeId>): NodeId[] {
  return [...ids].sort((a, b) => a - b);
}
