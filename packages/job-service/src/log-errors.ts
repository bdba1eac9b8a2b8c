/** What following a job's output is refused or given up with. */
import { JobServiceError } from "./errors.ts";

/** The job has no such execution, or not any more. */
export class ExecutionNotFoundError extends JobServiceError {
  readonly code = "EXECUTION_NOT_FOUND";
  readonly category = "not-found";

  constructor(executionId: string) {
    super(
      `The job has no execution ${executionId.slice(0, 300)}. List its executions to find the one you mean.`,
    );
  }
}

/** Too many logs are being followed. */
export class TooManyLogStreamsError extends JobServiceError {
  readonly code = "TOO_MANY_LOG_STREAMS";
  readonly category = "exhausted";

  constructor(limit: number, whose: "caller" | "node") {
    super(
      whose === "caller"
        ? `You follow ${String(limit)} logs at this node already, which is the most. End some of them first.`
        : `This node streams ${String(limit)} logs already, which is the most. Ask another node, or try again later.`,
    );
  }
}

/** The node that holds the output cannot be reached from here, though the cluster calls it alive. */
export class OutputUnreachableError extends JobServiceError {
  readonly code = "OUTPUT_UNREACHABLE";
  readonly category = "unavailable";

  constructor(nodeId: number, options?: ErrorOptions) {
    super(
      `The output lies on node ${String(nodeId)}, which this node does not reach. Go on at another node, from the offset you have.`,
      options,
    );
  }
}

/** This node has not heard of what the leader knows. */
export class NodeLagsError extends JobServiceError {
  readonly code = "NODE_LAGS";
  readonly category = "unavailable";

  constructor() {
    super("This node has not caught up with the cluster. Go on at another node, from the offset you have.");
  }
}

/** This node is shutting down. */
export class LogsClosedError extends JobServiceError {
  readonly code = "NODE_STOPPING";
  readonly category = "unavailable";

  constructor() {
    super("This node is shutting down. Go on at another node, from the offset you have.");
  }
}
