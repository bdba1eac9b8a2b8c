import { ProposalTooLargeError, TooManyProposalsError } from "./errors.ts";

/** "system" is for what keeps the cluster going (finishes, leases, membership); it has a reserved share and goes first (G21). */
export type ProposalPriority = "system" | "user";

export interface ProposalLimits {
  readonly maxProposalBytes: number;
  readonly maxInflightProposals: number;
  readonly maxUncommittedBytes: number;
  readonly systemShare: number;
}

/** What proposals begun and not ended may take up, as a count and in bytes; a share of both is for system proposals alone. */
export class ProposalBudget {
  readonly #limits: ProposalLimits;
  readonly #maxUserProposals: number;
  readonly #maxUserBytes: number;
  #count = 0;
  #sizeBytes = 0;
  #userCount = 0;
  #userSizeBytes = 0;

  constructor(limits: ProposalLimits) {
    const { maxInflightProposals, maxUncommittedBytes, systemShare } = limits;
    this.#limits = limits;
    this.#maxUserProposals = Math.max(1, Math.floor(maxInflightProposals * (1 - systemShare)));
    this.#maxUserBytes = maxUncommittedBytes * (1 - systemShare);
  }

  get count(): number {
    return this.#count;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Why a proposal cannot be taken, or undefined when there is room for it. */
  refusal(
    sizeBytes: number,
    priority: ProposalPriority,
  ): ProposalTooLargeError | TooManyProposalsError | undefined {
    const { maxProposalBytes } = this.#limits;
    if (sizeBytes > maxProposalBytes) return new ProposalTooLargeError(sizeBytes, maxProposalBytes);
    if (!this.#isFullFor(sizeBytes, priority)) return undefined;
    return new TooManyProposalsError(
      `${this.#count} proposals of ${this.#sizeBytes} bytes are in flight, the limit for ${priority} proposals. Try again when some have ended.`,
    );
  }

  take(sizeBytes: number, priority: ProposalPriority): void {
    this.#add(1, sizeBytes, priority);
  }

  giveBack(sizeBytes: number, priority: ProposalPriority): void {
    this.#add(-1, -sizeBytes, priority);
  }

  #isFullFor(sizeBytes: number, priority: ProposalPriority): boolean {
    const { maxInflightProposals, maxUncommittedBytes } = this.#limits;
    if (this.#count >= maxInflightProposals || this.#sizeBytes + sizeBytes > maxUncommittedBytes) return true;
    if (priority === "system") return false;
    return this.#userCount >= this.#maxUserProposals || this.#userSizeBytes + sizeBytes > this.#maxUserBytes;
  }

  #add(count: number, sizeBytes: number, priority: ProposalPriority): void {
    this.#count += count;
    this.#sizeBytes += sizeBytes;
    if (priority === "system") return;
    this.#userCount += count;
    this.#userSizeBytes += sizeBytes;
  }
}
