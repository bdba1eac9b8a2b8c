import {
  type DestinationStream,
  type LoggerOptions as PinoOptions,
  destination,
  pino,
  stdSerializers,
  stdTimeFunctions,
} from "pino";
import { PinoPretty as pretty } from "pino-pretty";
import { type LogLevel, parseLogLevel } from "./log-level.ts";
import type { Logger } from "./logger.ts";
import { secretPaths } from "./secrets.ts";

export interface CreateLoggerOptions {
  /** Lowest level written. Default `info`. In any case: `INFO` is `info`. */
  readonly level?: LogLevel | (string & {});
  /** Lines for people instead of JSON. Default: when stdout is a terminal and no destination is given. */
  readonly pretty?: boolean;
  /** The node's id, on each line. */
  readonly node?: number | string;
  /** Where lines go, each with its newline. Default: stdout. */
  readonly destination?: { write(line: string): void };
}

/**
 * A structured logger: one JSON object a line, with level, time and fields, secrets redacted, errors with stack and cause.
 *
 * Writes are synchronous, so that the line before a crash is there.
 *
 * @throws InvalidLogLevelError
 */
export function createLogger(options: CreateLoggerOptions = {}): Logger {
  const level = parseLogLevel(options.level ?? "info");
  const forPeople = options.pretty ?? (options.destination === undefined && process.stdout.isTTY);
  return pino(pinoOptions(level, options.node), forPeople ? prettyStream(options) : plainStream(options));
}

function pinoOptions(level: LogLevel, node: number | string | undefined): PinoOptions {
  return {
    level,
    base: node === undefined ? {} : { node },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: stdSerializers.err, error: stdSerializers.err, cause: stdSerializers.err },
    redact: { paths: secretPaths(), censor: "[redacted]" },
  };
}

function plainStream(options: CreateLoggerOptions): DestinationStream {
  return options.destination ?? destination({ dest: 1, sync: true });
}

function prettyStream(options: CreateLoggerOptions): DestinationStream {
  const lines = pretty.prettyFactory({
    colorize: options.destination === undefined,
    translateTime: "SYS:HH:MM:ss.l",
    singleLine: true,
  });
  const out = plainStream(options);
  return {
    write: (line) => {
      out.write(lines(line) ?? "");
    },
  };
}
