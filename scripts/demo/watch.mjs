/**
 * Shows executions as they end: when, on which node, how long, what they printed.
 */
const COLORS = { COMPLETED: 32, RUNNING: 36, FAILED: 31, TIMED_OUT: 31, CANCELLED: 33 };

const paint = (text, color) => (process.stdout.isTTY && color ? `\x1b[${color}m${text}\x1b[0m` : text);
const clock = (ms) => new Date(ms).toISOString().slice(11, 23);

/** One line for an execution that ended. */
export function executionLine(name, execution) {
  const attempt = execution.attempts.at(-1);
  const tookMs = attempt?.startedAtMs ? attempt.endedAtMs - attempt.startedAtMs : 0;
  const output = Buffer.from(attempt?.output ?? []).toString("utf8").trim().split("\n").at(-1);
  const late = attempt?.startedAtMs ? `due +${attempt.startedAtMs - execution.dueMs} ms` : "";
  return [
    clock(execution.finishedAtMs),
    `node ${attempt?.nodeId ?? "-"}`,
    name.padEnd(9),
    paint(execution.status.padEnd(9), COLORS[execution.status]),
    `${tookMs} ms`.padStart(8),
    late.padStart(13),
    output,
  ].join("  ");
}

/** Follows the named jobs and prints each execution once, when it has ended. */
export class Watch {
  #client;
  #jobs = new Map();
  #shown = new Set();
  #print;

  constructor(client, print = console.log) {
    this.#client = client;
    this.#print = print;
  }

  follow(name, jobId) {
    this.#jobs.set(jobId, name);
  }

  /** One look. A node that is away changes nothing: the next look finds what happened. */
  async look() {
    for (const [jobId, name] of this.#jobs) {
      const { executions } = await this.#client.executions(jobId, { pageSize: 20 });
      for (const execution of [...executions].reverse()) {
        if (execution.finishedAtMs === undefined || this.#shown.has(execution.id)) continue;
        this.#shown.add(execution.id);
        this.#print(executionLine(name, execution));
      }
    }
  }
}
