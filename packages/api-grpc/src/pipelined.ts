/** Many requests of one stream at work at a time, and no more. */

export interface PipelineOptions<Request> {
  /** What one request counts; at least 1. */
  readonly weightOf: (request: Request) => number;
  /** No further request is read while those at work weigh this much. */
  readonly maxWeight: number;
}

/**
 * Answers each request as it arrives, in the order of completion. Reads no further than `maxWeight` allows, and
 * not at all while the answers are not taken, so that a sender is held back by flow control and not by memory.
 *
 * @param answer never rejects: a failure is an answer too
 */
export async function* pipelined<Request, Response>(
  requests: AsyncIterable<Request>,
  answer: (request: Request) => Promise<Response>,
  { weightOf, maxWeight }: PipelineOptions<Request>,
): AsyncGenerator<Response, void, undefined> {
  const source = requests[Symbol.asyncIterator]();
  const answers: Response[] = [];
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
      weight -= own;
      answers.push(response);
      signal.raise();
    }, fail);
  };
  const read = (): void => {
    reading = true;
    source.next().then((next) => {
      reading = false;
      if (next.done === true) over = true;
      else start(next.value);
      signal.raise();
    }, fail);
  };

  for (;;) {
    for (let response = answers.shift(); response !== undefined; response = answers.shift()) yield response;
    if (failure !== undefined) throw failure.error;
    if (over && weight === 0) return;
    if (!over && !reading && weight < maxWeight) read();
    await signal.wait();
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
