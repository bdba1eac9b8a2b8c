import type { OperatorMutant } from "./mutant.ts";

/** What no code of a node can do wrong, but people can; founding forbids it (G1). */
export const OPERATOR_MUTANTS: readonly OperatorMutant[] = [
  {
    name: "wiped-node-returns",
    bug: "A node whose disk was wiped is let in under its old id, and votes and acknowledges anew",
    world: { admitsWiped: true },
  },
];
