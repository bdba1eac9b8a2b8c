import { MAX_PAGE_BYTES } from "./output-pages.ts";

/** What a budget knows of an output: how much memory it holds, and how to have it give some up. */
export interface BudgetMember {
  readonly heldBytes: number;
  /** Forgets the oldest page. Returns the bytes of memory given up. */
  giveUpOldest(): number;
}

export interface OutputBudgetOptions {
  /** Memory for all outputs together, at least 64 KiB. */
  readonly totalBytes: number;
}

/**
 * Bounds the memory of all outputs of a node together.
 *
 * When an output needs a page and none is left, the output that holds the most gives up its
 * oldest page, be it the one that asks or another. So a flood is paid for by those that flood:
 * an output is cut only while none holds more (max-min fairness), and with n outputs nobody
 * loses bytes before it holds about an n-th of the budget. The readers of the one that is cut
 * see a gap.
 *
 * @example
 * const budget = new OutputBudget({ totalBytes: 64 * 1024 * 1024 });
 * const output = new OutputBuffer({ capacityBytes: 1024 * 1024, budget });
 * output.discard(); // when nobody needs it any more: its memory is the others' again
 */
export class OutputBudget {
  readonly totalBytes: number;
  readonly #members = new Set<BudgetMember>();
  #heldBytes = 0;

  /** Throws a RangeError for a total below 64 KiB. */
  constructor({ totalBytes }: OutputBudgetOptions) {
    if (!Number.isSafeInteger(totalBytes) || totalBytes < MAX_PAGE_BYTES) {
      throw new RangeError(`totalBytes must be an integer of at least ${MAX_PAGE_BYTES}, not ${totalBytes}`);
    }
    this.totalBytes = totalBytes;
  }

  /** Memory that all outputs hold now; never above the total. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Outputs that hold memory. */
  get memberCount(): number {
    return this.#members.size;
  }

  /** Makes room for `sizeBytes` more of `member`. For outputs. */
  reserve(sizeBytes: number, member: BudgetMember): void {
    while (this.#heldBytes + sizeBytes > this.totalBytes) this.released(this.#largest(sizeBytes, member).giveUpOldest());
    this.#heldBytes += sizeBytes;
    this.#members.add(member);
  }

  /** Memory that an output gave up by itself. For outputs. */
  released(sizeBytes: number): void {
    this.#heldBytes -= sizeBytes;
  }

  /** An output that holds nothing any more leaves. For outputs. */
  leave(member: BudgetMember): void {
    this.#members.delete(member);
  }

  /** Who would hold the most, counting what is asked for, of those that hold anything. */
  #largest(sizeBytes: number, asking: BudgetMember): BudgetMember {
    let largest: BudgetMember | undefined;
    let mostBytes = 0;
    for (const member of this.#members) {
      if (member.heldBytes === 0) continue;
      const wantedBytes = member.heldBytes + (member === asking ? sizeBytes : 0);
      if (wantedBytes > mostBytes) [largest, mostBytes] = [member, wantedBytes];
    }
    if (!largest) throw new Error("an output budget is used up though no output holds any of it");
    return largest;
  }
}
