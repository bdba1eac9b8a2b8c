/** One level of a logger: fields first, then a message that never changes, so that logs can be counted by it. */
export type LogMethod = (fields: object, message: string) => void;

/** What all rooms of Coxswain log through. They declare the part they use themselves; this satisfies them all. */
export interface Logger {
  readonly trace: LogMethod;
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
  readonly fatal: LogMethod;
  /** A logger that adds `bindings` to each line. */
  child(bindings: Readonly<Record<string, unknown>>): Logger;
}
