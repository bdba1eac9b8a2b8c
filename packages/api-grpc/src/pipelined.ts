/** Many requests of one stream at work at a time, and no more. */

export interface PipelineOptions<Request> {
  /** What one request counts; at least 1. */
  readonly weightOf: (request: Request) => number;
  /** No further request is read while those at work weigh this much. */
  readonly maxWeight: number;
}

/**
 * Answers each request as it arrives, in the order of completion. What is at work, and what is answered but not yet
 * taken, weighs at most `maxWeight` (or one request that weighs more); beyond that nothing is read, so that a sender
 * is held back by flow control and not by memory.
 *
 * @param answer never rejects: a failure is an answer too
 */
export async function* pipelined<Request, Response>(
  requests: AsyncIterable<Request>,
  answer: (request: Request) => Promise<Response>,
  { weightOf, maxWeight }: PipelineOptions<Request>,
): AsyncGenerator<Response, void, undefined> {
  const source = requests[Symbol.asyncIterator]();
  const answers: { readonly response: Response; readonly weight: number }[] = [];
  const signal = new Signal();
  let weight = 0;
  let reading = false;
  let over = false;
  let failure: { readonly error: unknown } | undefined;

  const fail = (error: unknown): void => {
    failure ??= { error };
    over = true;
    signal.raise();
  };
  const start = (request: Request): void => {
    const own = Math.max(1, weightOf(request));
    weight += own;
    answer(request).then((response) => {
      answers.push({ response, weight: own });
      signal.raise();
    }, fail);
  };
  // Goes on by itself: requests that wait behind answers on their way out could not be worked on together.
  const read = (): void => {
    if (over || reading || weight >= maxWeight) return;
    reading = true;
    source.next().then((next) => {
      reading = false;
      if (next.done === true) {
        over = true;
        signal.raise();
      } else {
        start(next.value);
        read();
      }
    }, fail);
  };

  while (!over || weight > 0) {
    read();
    await signal.wait();
    for (let next = answers.shift(); next !== undefined; next = answers.shift()) {
      weight -= next.weight;
      yield next.response;
      read();
    }
    if (failure !== undefined) throw failure.error;
  }
}

/** Wakes one waiter; raised with nobody waiting, it lets the next one through. */
class Signal {
  #raised = false;
  #wake: (() => void) | undefined;

  raise(): void {
    this.#raised = true;
    this.#wake?.();
  }

  async wait(): Promise<void> {
    if (!this.#raised) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    this.#raised = false;
  }
}
