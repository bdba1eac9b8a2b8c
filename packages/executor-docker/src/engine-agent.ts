import { Agent } from "node:http";
import { inspect } from "node:util";

/**
 * Keeps the connections to the engine. The library describes every request for its debug log with `util.inspect`, to
 * any depth, whether anyone reads it or not: 3 ms of work at each request for an agent with one connection, 30 ms for
 * one with a dozen. So this agent is described by its name.
 */
export function engineAgent(): Agent {
  return Object.assign(new Agent({ keepAlive: true }), { [inspect.custom]: () => "the engine's connections" });
}
