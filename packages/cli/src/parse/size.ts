import { InvalidArgumentError } from "commander";

const unitBytes: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
};

/** A size for a flag, in bytes: `32m`, `1.5g`, `64KiB`, or bytes without a unit. Units are powers of 1024. */
export function size(leastBytes: number): (text: string) => number {
  return (text) => {
    const [, digits = "", unit = ""] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim()) ?? [];
    const factor = unitBytes[unit.toLowerCase().replace(/(?<=[kmgt])i?b$/, "")];
    const bytes = factor === undefined || digits === "" ? Number.NaN : Number(digits) * factor;
    if (!Number.isSafeInteger(bytes))
      throw new InvalidArgumentError("Give a size such as 32m, 1.5g, 64KiB, or whole bytes.");
    if (bytes < leastBytes) throw new InvalidArgumentError(`Give at least ${String(leastBytes)} byte.`);
    return bytes;
  };
}
