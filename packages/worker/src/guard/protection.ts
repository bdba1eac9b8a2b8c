import type { GuardTarget } from "@coxswain/executor";

/** Tells targets apart, also across starts of the node. */
export const keyOf = (target: GuardTarget): string =>
  target.kind === "container" ? `container ${target.marker}` : `group ${target.pgid} ${target.startTime}`;

/** One target, and who waits for the guard to know it, to answer about it, or to have ended it. */
export class Protection {
  readonly id: number;
  readonly target: GuardTarget;
  /** Resolves when the guard knows the target; rejects when it does not take it. */
  readonly known: Promise<void>;
  /** Resolves when it is not guarded any more: ended, released or refused. */
  readonly gone: Promise<void>;
  acknowledged: boolean;
  /** Left by an earlier start of the node, and not adopted yet. */
  unclaimed: boolean;
  /** The guard is to end it. */
  doomed = false;
  /** Who asks whether the guard has ended it. */
  readonly #questions: ((ended: boolean) => void)[] = [];
  #resolve: () => void = () => {};
  #reject: (error: Error) => void = () => {};
  #resolveGone: () => void = () => {};

  /** @param left by an earlier start of the node: it runs already */
  constructor(id: number, target: GuardTarget, { left }: { readonly left: boolean }) {
    this.id = id;
    this.target = target;
    this.acknowledged = left;
    this.unclaimed = left;
    this.known = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.known.catch(() => {});
    this.gone = new Promise((resolve) => (this.#resolveGone = resolve));
  }

  get questioned(): boolean {
    return this.#questions.length > 0;
  }

  acknowledge(): void {
    this.acknowledged = true;
    this.#resolve();
  }

  ask(): Promise<boolean> {
    return new Promise((resolve) => this.#questions.push(resolve));
  }

  answer(ended: boolean): void {
    for (const answer of this.#questions.splice(0)) answer(ended);
  }

  /** It is not guarded any more. `error`: what those hear who still wait for the guard to know it. */
  leave(ended: boolean, error: Error): void {
    this.answer(ended);
    this.#reject(error);
    this.#resolveGone();
  }
}
