/**
 * What was opened, to be closed in reverse order, each once, whatever the others do.
 */
export class Closers {
  readonly #closers: { readonly what: string; readonly close: () => unknown }[] = [];
  readonly #onError: (error: unknown, what: string) => void;

  constructor(onError: (error: unknown, what: string) => void) {
    this.#onError = onError;
  }

  add(what: string, close: () => unknown): void {
    this.#closers.push({ what, close });
  }

  async closeAll(): Promise<void> {
    for (let next = this.#closers.pop(); next !== undefined; next = this.#closers.pop()) {
      try {
        await next.close();
      } catch (error) {
        this.#onError(error, next.what);
      }
    }
  }
}
