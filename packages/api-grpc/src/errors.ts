/** What this edge refuses with by itself; everything else passes through with its own code. */
import type { ErrorCategory } from "@coxswain/job-service";

export abstract class ApiGrpcError extends Error {
  abstract readonly code: string;
  abstract readonly category: ErrorCategory;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A forwarded call is none of those that may be forwarded: the nodes differ in version, or it is forged. */
export class NotForwardableError extends ApiGrpcError {
  readonly code = "NOT_FORWARDABLE";
  readonly category = "invalid";

  constructor(path: string) {
    super(`The call ${path.slice(0, 128)} cannot be forwarded. Run the same version on all nodes.`);
  }
}

/** No lease: the code says why, and what the node must do first. */
export class LeaseRefusedError extends ApiGrpcError {
  readonly code: string;
  readonly category = "unavailable";

  constructor(reason: string) {
    super(`No lease: ${reason}. Register with the leader, then ask again.`);
    this.code = reason;
  }
}

/** A forwarded call does not say for whom. */
export class CallerMissingError extends ApiGrpcError {
  readonly code = "CALLER_MISSING";
  readonly category = "denied";

  constructor() {
    super("A forwarded call must name its caller, a client or an admin.");
  }
}

/** Another node refused this one, or its answer made no sense; the caller is not to blame. */
export class PeerRefusedError extends ApiGrpcError {
  readonly code = "PEER_REFUSED";
  readonly category = "internal";

  constructor(nodeId: number, options: ErrorOptions) {
    super(
      `Node ${String(nodeId)} refused a call of this node. See that both have certificates of role node from one CA, and the same version.`,
      options,
    );
  }
}

/** Nobody knows where the node is reached. */
export class PeerAddressUnknownError extends ApiGrpcError {
  readonly code = "PEER_ADDRESS_UNKNOWN";
  readonly category = "unavailable";

  constructor(nodeId: number) {
    super(`The address of node ${String(nodeId)} is not known here yet. Try again in a second.`);
  }
}

/** No leader is known to send this to. */
export class LeaderUnknownError extends ApiGrpcError {
  readonly code = "NO_LEADER";
  readonly category = "unavailable";

  constructor() {
    super("No leader is known right now. Try again in a second.");
  }
}

/** The links to other nodes are closed: this node is stopping. */
export class LinkClosedError extends ApiGrpcError {
  readonly code = "LINK_CLOSED";
  readonly category = "unavailable";

  constructor() {
    super("This node is stopping. Try again at another node.");
  }
}

/** The leader did not say in time whether it has the reports. */
export class ReportUnansweredError extends ApiGrpcError {
  readonly code = "REPORT_UNANSWERED";
  readonly category = "unknown-outcome";

  constructor(options?: ErrorOptions) {
    super(
      "The leader did not confirm the reports in time. Report again: a result that is there already is not counted twice.",
      options,
    );
  }
}

/** Too many reports wait to be sent. */
export class TooManyReportsError extends ApiGrpcError {
  readonly code = "TOO_MANY_REPORTS";
  readonly category = "exhausted";

  constructor(limit: number) {
    super(`${String(limit)} reports wait to be sent already. Report again when some were confirmed.`);
  }
}

/** Too many outputs are streamed to other nodes. */
export class TooManyOutputStreamsError extends ApiGrpcError {
  readonly code = "TOO_MANY_OUTPUT_STREAMS";
  readonly category = "exhausted";

  constructor(limit: number) {
    super(
      `The node that holds the output streams ${String(limit)} outputs to others already. Try again later.`,
    );
  }
}
