/** One action at a time, in the order in which they were asked for. */
export class Exclusive {
  #last: Promise<unknown> = Promise.resolve();

  run<Value>(action: () => Promise<Value>): Promise<Value> {
    const running = this.#last.then(action);
    this.#last = running.catch(() => undefined);
    return running;
  }
}
