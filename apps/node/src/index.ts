/**
 * `coxswaind`, one node of a Coxswain cluster: Raft, job store, scheduler, worker and gRPC in one process.
 *
 * @example
 * const node = new CoxswainNode(createLogger({ level: "info" }), (error) => process.exit(1));
 * await node.start(options);      // options as `loadConfig` gives them
 * await node.stop();              // hands leadership over, drains, closes
 *
 * @packageDocumentation
 */
export { ConfigError } from "./config/errors.ts";
export { configurationPage } from "./config/config-table.ts";
export { securityEventsPage } from "./security/events-page.ts";
export { loadConfig } from "./config/load-config.ts";
export type { ConfigHelp, ConfigSources } from "./config/load-config.ts";
export type { NodeOptions } from "./config/options.ts";
export type { Peer } from "./config/values.ts";
export { EXIT, main } from "./main.ts";
export { CoxswainNode, StartCalledOffError } from "./node.ts";
