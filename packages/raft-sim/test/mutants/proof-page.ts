import type { Catch } from "./hunt.ts";
import type { Mutant } from "./mutant.ts";

/** docs/reference/raft-proof.md: each bug, and what catches it. */
export function proofPage(catches: ReadonlyMap<Mutant, Catch>, maxSeeds: number): string {
  const rows = [...catches].map(
    ([{ name, bug }, { by, seeds }]) => `| \`${name}\` | ${bug} | ${by} | ${seeds === 0 ? "none" : seeds} |`,
  );
  return `# What the proof of Raft proves

\`@coxswain/raft-sim\` runs whole clusters under faults that a seed chooses, and judges every step. A judge that never
finds anything proves nothing, so each of the bugs below is put into a copy of the core (or into the driver or disk
around it, or is a mistake of whoever runs the cluster) and must be caught within ${maxSeeds} seeds of 3,000 steps. \`packages/raft-sim/test/mutants.integration.test.ts\` does so with
every \`npm test\`; the core itself has no switches. "None" means that no seed caught it within that bound, and a scenario of
a few scripted calls (\`test/mutants/scenarios.ts\`) does: what it takes for the bug to show is rare or does not occur in a
cluster of this engine, whose leaders open each term with an entry and whose disks answer in order.

Written by \`COX_WRITE_PROOF=1\` and that test; the number of seeds moves with every change of the core or the simulator.

| bug | what is wrong | caught by | seeds needed |
|---|---|---|---|
${rows.join("\n")}

"Caught by" names the promise that the judge found broken first: election safety, leader append-only, log matching,
leader completeness and state-machine safety are those of the Raft paper, figure 3; \`commitRule\` is its section 5.4.2;
\`voteOnce\` and \`termsRise\` are sections 5.1 and 5.2 held across crashes; \`membershipRule\` is chapter 4.1 of the
dissertation with its correction of 2015; \`linearizability\` is about reads, with and without a lease; \`durability\` asks
for a quorum of disks under each commit and acknowledgement; \`progress\` for a proposal committed and applied everywhere
after healing; \`coreAssertion\` is an assertion of the core.

Two promises are rules of the algorithm rather than consequences: \`commitRule\` and \`membershipRule\` are checked where the
rule is broken, so bugs against them show at once, not only when an entry is lost for it.

Bugs with leases are caught by reads that returned old values, not by a rule about leases. Leases last as long as the
clocks of a seed's world allow, to the microsecond: \`electionTicks - 1\` ticks of the fastest, by the slowest. The core is
right in \`lease-clock-drifts\` and \`lease-clock-sleeps\`: they break what \`RaftConfig.lease\` asks of the caller's clock,
and show that it is needed.
`;
}
