/**
 * The kinds of values that options hold: each reads the text of a flag or variable, or a JSON value of the file.
 */
import { isIP } from "node:net";
import { z } from "zod";

const DURATION_UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const SIZE_UNITS_BYTES: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1024,
  kib: 1024,
  mb: 1024 ** 2,
  mib: 1024 ** 2,
  gb: 1024 ** 3,
  gib: 1024 ** 3,
};

function scaled(text: string, units: Readonly<Record<string, number>>, unitless: number): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  if (match === null) return undefined;
  const [, digits = "", unit = ""] = match;
  const factor = unit === "" ? unitless : units[unit.toLowerCase()];
  return factor === undefined ? undefined : Math.round(Number(digits) * factor);
}

/** `10s`, `5m`, `250ms`, `30d`, or a number of milliseconds. Holds milliseconds. */
export const durationMs: z.ZodType<number> = z
  .union([z.number(), z.string()])
  .transform((value, context) => {
    const ms = typeof value === "number" ? value : scaled(value, DURATION_UNITS_MS, 1);
    if (ms !== undefined && ms >= 0 && Number.isFinite(ms)) return ms;
    context.addIssue({ code: "custom", message: `"${value}" is not a duration; write 250ms, 10s, 5m, 2h or 30d` });
    return z.NEVER;
  });

/** `2GB`, `500MB`, `64MiB`, or a number of bytes (both spellings are powers of 1024). Holds bytes. */
export const sizeBytes: z.ZodType<number> = z
  .union([z.number(), z.string()])
  .transform((value, context) => {
    const bytes = typeof value === "number" ? value : scaled(value, SIZE_UNITS_BYTES, 1);
    if (bytes !== undefined && bytes >= 0 && Number.isFinite(bytes)) return bytes;
    context.addIssue({ code: "custom", message: `"${value}" is not a size; write 500MB, 2GB or a number of bytes` });
    return z.NEVER;
  });

/** A whole number between two bounds. */
export function integer(min: number, max: number): z.ZodType<number> {
  return z.coerce
    .number({ error: `must be a whole number from ${min} to ${max}` })
    .int(`must be a whole number from ${min} to ${max}`)
    .min(min, `must be at least ${min}`)
    .max(max, `must be at most ${max}`);
}

/** `true`, `false`, `1`, `0`, or a flag without a value. */
export const flag: z.ZodType<boolean> = z
  .union([z.boolean(), z.string()])
  .transform((value, context) => {
    if (typeof value === "boolean") return value;
    if (["true", "1", "yes", ""].includes(value.toLowerCase())) return true;
    if (["false", "0", "no"].includes(value.toLowerCase())) return false;
    context.addIssue({ code: "custom", message: `"${value}" is not true or false` });
    return z.NEVER;
  });

/** Comma separated words, or a list of them. */
export const words: z.ZodType<string[]> = z
  .union([z.array(z.string()), z.string()])
  .transform((value) =>
    (Array.isArray(value) ? value : value.split(",")).map((word) => word.trim()).filter((word) => word !== ""),
  );

/** A value that also lies between two bounds, ends included; `bounds` names them. */
export function within(schema: z.ZodType<number>, min: number, max: number, bounds: string): z.ZodType<number> {
  return schema.refine((value) => value >= min && value <= max, `must be between ${bounds}`);
}

/** Comma separated words out of a few. */
export function choices<const Word extends string>(known: readonly Word[]): z.ZodType<Word[]> {
  const isKnown = (word: string): word is Word => known.some((other) => other === word);
  return words.transform((given, context) => {
    const unknown = given.filter((word) => !isKnown(word));
    if (unknown.length === 0) return given.filter(isKnown);
    context.addIssue({ code: "custom", message: `"${unknown.join(", ")}" unknown; choose from ${known.join(", ")}` });
    return z.NEVER;
  });
}

/** Comma separated CIDRs, or `all`. */
export const ranges: z.ZodType<string[]> = words.refine(
  (entries) => entries.every((entry) => entry === "all" || isCidr(entry)),
  "must be ranges such as 10.0.0.0/8 or fd00::/8, or all",
);

function isCidr(text: string): boolean {
  const [, host = "", bits = ""] = /^(.+)\/(\d{1,3})$/.exec(text) ?? [];
  const version = isIP(host);
  return version !== 0 && Number(bits) <= (version === 4 ? 32 : 128);
}

/** A share of the processors' time: 0.5 is half of one. */
export const cpus: z.ZodType<number> = z.coerce
  .number({ error: "must be a number such as 0.5" })
  .min(0.01, "must be at least 0.01")
  .max(4_096, "must be at most 4096");

/** Comma separated absolute paths, outside of what every sandbox has of its own. */
export const sandboxPaths: z.ZodType<string[]> = words
  .refine((paths) => paths.every((path) => path.startsWith("/")), "must be absolute paths")
  .refine(
    (paths) => !paths.some((path) => /^\/+(tmp|dev|proc)(\/|$)/.test(path)),
    "must not lie below /tmp, /dev or /proc, which each sandbox has of its own",
  );

/** A unix socket: a path, or the `unix://` address that Docker's own tools take. Holds the path. */
export const socketPath: z.ZodType<string> = z
  .string()
  .transform((text) => text.replace(/^unix:\/\//, ""))
  .refine((path) => path.startsWith("/"), "must be the path of a unix socket; engines on other machines are not used");

/** A node id: `2`, or the origin's `node-2`. */
export const nodeId: z.ZodType<number> = z
  .union([z.number(), z.string()])
  .transform((value, context) => {
    const id = typeof value === "number" ? value : Number(/^(?:.*-)?(\d+)$/.exec(value.trim())?.[1]);
    if (Number.isInteger(id) && id >= 1 && id < 2 ** 32) return id;
    context.addIssue({ code: "custom", message: `"${value}" is not a node id; write 1 or node-1` });
    return z.NEVER;
  });

/** `host:port`; an IPv6 host stands in brackets. */
export const address: z.ZodType<string> = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[^:\s]+):\d{1,5}$/, "must be host:port, such as 10.0.0.1:50051")
  .refine((value) => Number(value.slice(value.lastIndexOf(":") + 1)) <= 65_535, "must have a port up to 65535");

/** Another member: its id and where it is reached. */
export interface Peer {
  readonly id: number;
  readonly address: string;
}

/** `2:127.0.0.1:50052,3:127.0.0.1:50053`. */
export const peers: z.ZodType<Peer[]> = words.transform((entries, context) => {
  const parsed: Peer[] = [];
  for (const entry of entries) {
    const match = /^(\d+):((?:\[[0-9a-fA-F:.]+\]|[^:\s]+):\d{1,5})$/.exec(entry);
    const id = Number(match?.[1]);
    const peerAddress = match?.[2];
    if (peerAddress === undefined || id < 1 || parsed.some((other) => other.id === id)) {
      context.addIssue({
        code: "custom",
        message: `"${entry}" is not a peer; write id:host:port, each id once, such as 2:127.0.0.1:50052`,
      });
      return z.NEVER;
    }
    parsed.push({ id, address: peerAddress });
  }
  return parsed;
});
