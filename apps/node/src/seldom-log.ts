/**
 * Says at once what goes wrong, and then only now and then while it goes on being tried.
 */

/** Between two lines about the same. */
const EVERY_MS = 5_000;

export class SeldomLog {
  readonly #logger: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
  readonly #uptimeMs: () => number;
  #message: string | undefined;
  #saidAtMs = 0;

  constructor(
    logger: { info(fields: object, message: string): void; warn(fields: object, message: string): void },
    uptimeMs: () => number,
  ) {
    this.#logger = logger;
    this.#uptimeMs = uptimeMs;
  }

  warn(fields: object, message: string): void {
    if (this.#due(message)) this.#logger.warn(fields, message);
  }

  info(fields: object, message: string): void {
    if (this.#due(message)) this.#logger.info(fields, message);
  }

  /** It goes well again; says so if something was said before. */
  over(message: string): void {
    if (this.#message === undefined) return;
    this.#message = undefined;
    this.#logger.info({}, message);
  }

  #due(message: string): boolean {
    const nowMs = this.#uptimeMs();
    if (message === this.#message && nowMs - this.#saidAtMs < EVERY_MS) return false;
    this.#message = message;
    this.#saidAtMs = nowMs;
    return true;
  }
}
