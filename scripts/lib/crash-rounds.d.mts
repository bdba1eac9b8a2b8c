/** Types of crash-rounds.mjs, for the tests. */
import type { CoxswainClient, JobListItem, JobSpec } from "@coxswain/client";
import type { LocalCluster, NodeProcess } from "./cluster.mjs";

export type Connect = (servers: readonly string[]) => CoxswainClient;

export declare function seededRandom(seed: number): () => number;

export declare class AttemptLedger {
  constructor(path: string);
  open(): Promise<void>;
  command(seconds: number): string;
  events(): Promise<Map<string, { readonly word: string; readonly attempt: number }[]>>;
}

export declare class Submissions {
  readonly acknowledged: string[];
  readonly unacknowledged: string[];
}

export declare function caughtUp(options: { readonly cluster: LocalCluster; readonly connect: Connect; readonly node: NodeProcess }): Promise<void>;

export declare function crashRounds(options: {
  readonly cluster: LocalCluster;
  readonly connect: Connect;
  readonly jobOf: (n: number) => JobSpec & { readonly id: string };
  readonly inFlight?: number;
  readonly rounds: (round: number) => boolean;
  readonly random: () => number;
  readonly onRound?: (round: number, nodeId: number) => void;
}): Promise<Submissions>;

export declare function brokenPromises(options: {
  readonly client: CoxswainClient;
  readonly submissions: Submissions;
  readonly ledger: AttemptLedger;
  readonly settleMs?: number;
}): Promise<{ readonly broken: readonly string[]; readonly jobs: ReadonlyMap<string, JobListItem> }>;
