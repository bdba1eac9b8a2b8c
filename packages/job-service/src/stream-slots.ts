/** How many streams there may be at a time, of one caller and in all. */
import { TooManyLogStreamsError } from "./log-errors.ts";

export interface StreamLimits {
  readonly perCaller: number;
  readonly total: number;
}

export class StreamSlots {
  readonly #limits: StreamLimits;
  readonly #byCaller = new Map<string, number>();
  #taken = 0;

  constructor(limits: StreamLimits) {
    this.#limits = limits;
  }

  /** Streams under way. */
  get taken(): number {
    return this.#taken;
  }

  /** Gives what gives the slot back; call that once. @throws TooManyLogStreamsError */
  take(caller: string): () => void {
    const { perCaller, total } = this.#limits;
    const own = this.#byCaller.get(caller) ?? 0;
    if (own >= perCaller) throw new TooManyLogStreamsError(perCaller, "caller");
    if (this.#taken >= total) throw new TooManyLogStreamsError(total, "node");
    this.#taken++;
    this.#byCaller.set(caller, own + 1);
    return () => {
      this.#taken--;
      const left = (this.#byCaller.get(caller) ?? 1) - 1;
      if (left === 0) this.#byCaller.delete(caller);
      else this.#byCaller.set(caller, left);
    };
  }
}
