/** An output is larger than all of the spool may be. Nothing of it was written, and nothing else was let go for it. */
export class OutputTooLargeError extends Error {
  readonly code = "OUTPUT_TOO_LARGE";
  readonly category = "exhausted";

  constructor(maxBytes: number) {
    super(`The output takes more than the ${maxBytes} bytes of the whole spool. Give the spool more, or keep less of each output.`);
    this.name = new.target.name;
  }
}
