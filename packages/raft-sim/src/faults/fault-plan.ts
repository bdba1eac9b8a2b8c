import { Random } from "../random.ts";
import type { FaultClass } from "./fault-class.ts";
import type { Profile } from "./profile.ts";

export type FaultType =
  | "crash"
  | "crashAtStorage"
  | "isolate"
  | "cutOneWay"
  | "split"
  | "heal"
  | "slowDisk"
  | "bitFlip"
  | "loseState"
  | "wipeDisk"
  | "pause"
  | "transfer"
  | "changeMembers"
  | "usurp";

/** One thing that goes wrong. Where and how are numbers in [0, 1): they mean something whatever has become of the cluster. */
export interface Fault {
  /** Names it in the plan of its seed. */
  readonly number: number;
  readonly atUs: number;
  readonly type: FaultType;
  readonly where: number;
  readonly how: number;
  readonly durationUs: number;
}

const CLASS_OF: Readonly<Record<FaultType, FaultClass>> = {
  crash: "crashes",
  crashAtStorage: "storageCrashes",
  isolate: "partitions",
  cutOneWay: "partitions",
  split: "partitions",
  heal: "partitions",
  slowDisk: "slowDisks",
  bitFlip: "bitFlips",
  loseState: "stateLoss",
  wipeDisk: "diskLoss",
  pause: "pauses",
  transfer: "transfers",
  changeMembers: "membership",
  usurp: "leases",
};

const WEIGHTS: readonly (readonly [FaultType, number])[] = [
  ["crash", 3],
  ["crashAtStorage", 4],
  ["isolate", 2],
  ["cutOneWay", 2],
  ["split", 2],
  ["heal", 2],
  ["slowDisk", 1],
  ["bitFlip", 0.4],
  ["loseState", 0.7],
  ["wipeDisk", 0.2],
  ["pause", 0.7],
  ["transfer", 2],
  ["changeMembers", 4],
  ["usurp", 3],
];

/**
 * The faults of a seed, one after another without end. Each draws the same number of numbers whatever comes
 * of it, so the plan stays the same when some of it is left out.
 */
export class FaultPlan {
  readonly #random: Random;
  readonly #profile: Profile;
  readonly #skipped: ReadonlySet<number>;
  readonly #weights: readonly (readonly [FaultType, number])[];
  #number = 0;
  #atUs = 0;

  constructor(seed: number, profile: Profile, skipped: ReadonlySet<number>) {
    this.#random = new Random(seed, 2);
    this.#profile = profile;
    this.#skipped = skipped;
    this.#weights = WEIGHTS.map(([type, weight]) => [type, weight * this.#random.between(0.2, 2)]);
  }

  /** The next one that is to happen; undefined when none of its kinds is enabled. */
  next(): Fault | undefined {
    if (!WEIGHTS.some(([type]) => this.#isEnabled(type))) return undefined;
    for (;;) {
      const fault = this.#draw();
      if (this.#isEnabled(fault.type) && !this.#skipped.has(fault.number)) return fault;
    }
  }

  #isEnabled(type: FaultType): boolean {
    return this.#profile.enabled.has(CLASS_OF[type]);
  }

  #draw(): Fault {
    const random = this.#random;
    this.#number += 1;
    this.#atUs += random.exponential(this.#profile.faultGapUs * 0.7);
    const type = this.#typeAt(random.next());
    const where = random.next();
    const how = random.next();
    const durationUs = 5_000 + random.exponential(120_000);
    return { number: this.#number, atUs: this.#atUs, type, where, how, durationUs };
  }

  #typeAt(at: number): FaultType {
    const sum = this.#weights.reduce((total, [, weight]) => total + weight, 0);
    let left = at * sum;
    for (const [type, weight] of this.#weights) {
      left -= weight;
      if (left < 0) return type;
    }
    return "heal";
  }
}
