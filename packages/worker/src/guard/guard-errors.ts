/** What the guard refuses. */
export abstract class GuardError extends Error {
  abstract readonly code: string;
  readonly category = "unavailable";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** There is no lease, or it has ended: nothing may start until it is renewed. */
export class LeaseEndedError extends GuardError {
  readonly code = "LEASE_ENDED";
}

/** The guard was stopped, or cannot be started at all. */
export class GuardStoppedError extends GuardError {
  readonly code = "GUARD_STOPPED";
}

/** The guard could not write down what it guards, so that a later start of the node would not know of it. */
export class GuardRecordError extends GuardError {
  readonly code = "GUARD_RECORD_FAILED";
}
