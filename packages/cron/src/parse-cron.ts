import { Cron } from "./cron.ts";
import { CronAliasError, CronEmptyError, CronTimeZoneError, CronTooLongError } from "./errors.ts";
import { LruMap } from "./lru-map.ts";
import { parsePattern } from "./parse-pattern.ts";
import { timeZone } from "./time-zone.ts";

export interface CronOptions {
  /** IANA name. Absent or empty means the expression's `CRON_TZ=` prefix, else UTC. */
  readonly timeZone?: string;
}

/** Listing every minute takes 170 characters. */
export const MAX_EXPRESSION_LENGTH = 256;
const ALIASES: ReadonlyMap<string, string> = new Map([
  ["@yearly", "0 0 1 1 *"],
  ["@annually", "0 0 1 1 *"],
  ["@monthly", "0 0 1 * *"],
  ["@weekly", "0 0 * * 0"],
  ["@daily", "0 0 * * *"],
  ["@midnight", "0 0 * * *"],
  ["@hourly", "0 * * * *"],
]);
/** A parsed expression takes about 1 KiB. */
const PARSED_KEPT = 4096;
const parsed = new LruMap<string, Cron>(PARSED_KEPT);

/**
 * Parses an expression. The newest 4,096 are kept, so asking again is cheap.
 * @throws CronError (category `invalid`) that names the field at fault and says what to write
 */
export function parseCron(expression: string, options: CronOptions = {}): Cron {
  const key = `${options.timeZone ?? ""}\n${expression}`;
  const known = parsed.get(key);
  if (known !== undefined) return known;
  const cron = parse(expression, options.timeZone ?? "");
  parsed.set(key, cron);
  return cron;
}

function parse(expression: string, zoneOption: string): Cron {
  if (expression.length > MAX_EXPRESSION_LENGTH) {
    throw new CronTooLongError(
      `The expression has ${expression.length} characters; at most ${MAX_EXPRESSION_LENGTH} are read. Use ranges and steps.`,
    );
  }
  const whole = expression.trim();
  const prefix = /^(?:CRON_)?TZ=(\S*)\s*/.exec(whole);
  const text = prefix === null ? whole : whole.slice(prefix[0].length);
  if (text === "") throw new CronEmptyError(`The expression is empty. Write 5 or 6 fields, such as "0 9 * * 1-5".`);
  const zone = timeZone(chooseZone(zoneOption, prefix?.[1]));
  return new Cron(whole, parsePattern(text.startsWith("@") ? aliased(text) : text), zone);
}

function chooseZone(option: string, prefix: string | undefined): string {
  if (prefix === undefined) return option === "" ? "UTC" : option;
  if (option !== "" && option !== prefix) {
    throw new CronTimeZoneError(`The expression asks for ${prefix}, the time zone option for ${option}. Give only one of them.`);
  }
  return prefix;
}

function aliased(text: string): string {
  const fields = ALIASES.get(text.toLowerCase());
  if (fields !== undefined) return fields;
  throw new CronAliasError(`"${text}" is no alias. Use ${[...ALIASES.keys()].join(", ")}, or write the fields.`);
}
