/**
 * Writes the security events: one line each, in the node's log.
 */
import { FloodGate, OTHER_SOURCES } from "./flood-gate.ts";
import { SECURITY_EVENTS } from "./security-events.ts";
import type { SecurityEventFields, SecurityEventName } from "./security-events.ts";

const LINES_PER_WINDOW = 10;
const WINDOW_MS = 60_000;
const MAX_SOURCES = 1_000;

export interface SecurityLogOptions {
  readonly logger: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
  readonly after: (delayMs: number, callback: () => void) => () => void;
}

export class SecurityLog {
  readonly #logger: SecurityLogOptions["logger"];
  readonly #after: SecurityLogOptions["after"];
  readonly #gates = new Map<SecurityEventName, FloodGate>();

  constructor({ logger, after }: SecurityLogOptions) {
    this.#logger = logger;
    this.#after = after;
  }

  record<Name extends SecurityEventName>(event: Name, fields: SecurityEventFields[Name]): void {
    const { level, message, source } = SECURITY_EVENTS[event];
    if (source !== undefined && !this.#gateOf(event).passes(sourceOf(fields, source))) return;
    this.#logger[level]({ event, ...fields }, message);
  }

  /** Tells what was held back. */
  close(): void {
    for (const gate of this.#gates.values()) gate.close();
  }

  #gateOf(event: SecurityEventName): FloodGate {
    const known = this.#gates.get(event);
    if (known !== undefined) return known;
    const { level, message } = SECURITY_EVENTS[event];
    const gate = new FloodGate({
      linesPerWindow: LINES_PER_WINDOW,
      windowMs: WINDOW_MS,
      maxSources: MAX_SOURCES,
      after: this.#after,
      onHeldBack: (source, suppressed) => this.#logger[level]({ event, ...fieldsOf(source), suppressed }, message),
    });
    this.#gates.set(event, gate);
    return gate;
  }
}

/** Who connects from many ports is one source. */
function sourceOf(fields: object, names: readonly string[]): string {
  const values = fields as Readonly<Record<string, unknown>>;
  const host = (name: string, value: unknown): unknown => (name === "from" ? String(value).replace(/:\d+$/, "") : value);
  return JSON.stringify(Object.fromEntries(names.map((name) => [name, host(name, values[name])])));
}

function fieldsOf(source: string): object {
  return source === OTHER_SOURCES ? { source } : (JSON.parse(source) as object);
}
