/**
 * `coxswaind`: options, signals, exit codes.
 */
import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { setLogger } from "@grpc/grpc-js";
import { createLogger } from "@coxswain/telemetry";
import type { Logger } from "@coxswain/telemetry";
import { ConfigError } from "./config/errors.ts";
import { loadConfig } from "./config/load-config.ts";
import type { NodeOptions } from "./config/options.ts";
import { CoxswainNode } from "./node.ts";

/** Exit codes of the daemon. */
export const EXIT = { ok: 0, failed: 1, usage: 2, forced: 130 } as const;

/**
 * How far the heap may grow beyond what is in use, in percent, before V8 collects all of it: as V8 lets a large one at most.
 * By itself it collects a small heap far sooner, and buffers outside the heap count: a snapshot on its way out would have
 * it mark every entry of the log several times a second, on all cores. See the README of raft-core, "Of the process".
 */
const HEAP_GROWING_PERCENT = 300;
/** Who starts Node with a value of their own is heeded. */
const HEAP_GROWING_FLAG = /^--heap[-_]growing[-_]percent\b/;

/** Runs a node until a signal or a fatal error. Resolves with the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  if (!process.execArgv.some((flag) => HEAP_GROWING_FLAG.test(flag))) setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING_PERCENT}`);
  let options: NodeOptions;
  try {
    const loaded = loadConfig({ argv, env: process.env, readFile: (path) => readFileSync(path, "utf8") });
    if ("help" in loaded) {
      process.stdout.write(loaded.help);
      return EXIT.ok;
    }
    options = loaded;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\nSee coxswaind --help.\n`);
    return EXIT.usage;
  }
  const pretty = options.logFormat === "auto" ? process.stdout.isTTY : options.logFormat === "pretty";
  const logger = createLogger({ level: options.logLevel, pretty, node: options.nodeId });
  const fromGrpc = (text: unknown): void => logger.debug({ text }, "gRPC");
  setLogger({ error: fromGrpc, info: fromGrpc, debug: fromGrpc });
  return await new Promise<number>((resolve) => runNode(options, logger, resolve));
}

/** Calls `exit` once with the code; the process is expected to end then. */
function runNode(options: NodeOptions, logger: Logger, exit: (code: number) => void): void {
  const fatal = (error: unknown): void => {
    // Nothing this process says can be trusted to be durable any more: no drain, no hand-over (G19).
    logger.fatal({ err: error }, "fatal; this process ends and must be restarted");
    exit(EXIT.failed);
  };
  // A rejection that nobody handles comes here as well. The node's state of mind is unknown then; its disk is sound.
  process.once("uncaughtException", fatal);
  const node = new CoxswainNode(logger, fatal);
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) return exit(EXIT.forced);
    stopping = true;
    logger.info({ signal }, "stopping; a second signal exits at once");
    node.stop().then(
      () => exit(EXIT.ok),
      (error: unknown) => {
        logger.error({ err: error }, "did not stop cleanly");
        exit(EXIT.failed);
      },
    );
  };
  process.on("SIGTERM", stop).on("SIGINT", stop);
  process.on("SIGHUP", () => node.reloadCertificates());
  node.start(options).catch((error: unknown) => {
    // A start that a signal called off: the stop decides the exit code.
    if (stopping) return;
    logger.fatal({ err: error }, `could not start: ${error instanceof Error ? error.message : String(error)}`);
    exit(EXIT.failed);
  });
}
