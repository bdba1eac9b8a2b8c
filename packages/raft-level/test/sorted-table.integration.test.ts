/** Tables as LevelDB itself writes them. */
import { describe, expect, test } from "@jest/globals";
import { join } from "node:path";
import { Level } from "level";
import { findTableDamage } from "../src/sorted-table.ts";
import { DirectoryImage } from "./directory-image.ts";
import { withOneBitFlipped } from "./flip.ts";
import { temporaryDirectory } from "./workplace.ts";

/** Reopening moves what was written into a table. */
async function tableOf(records: number, sizeBytes: number, compression: boolean): Promise<Uint8Array> {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "db");
  for (const count of [records, 0]) {
    const level = new Level<string, Buffer>(path, { valueEncoding: "buffer", compression });
    await level.open();
    for (let n = 0; n < count; n++) await level.put(`key ${n}`, Buffer.alloc(sizeBytes, n));
    await level.close();
  }
  const image = await DirectoryImage.of(path);
  return image.bytes(image.names(/\.ldb$/)[0] ?? "");
}

describe("a table", () => {
  test.each([
    [1, 0, false],
    [3, 20_000, false],
    [400, 100, false],
    [400, 100, true],
  ])("of %d records of %d bytes is whole (compressed: %s)", async (records, sizeBytes, compression) => {
    expect(findTableDamage(await tableOf(records, sizeBytes, compression))).toBeUndefined();
  });

  test.each([false, true])(
    "is damaged with any bit flipped that is in use: in data, filters, indexes and footer (compressed: %s)",
    async (compression) => {
      const table = await tableOf(12, 30, compression);
      const footer = table.length - 48;
      let bit = 0;
      const missed: number[] = [];
      for (const flipped of withOneBitFlipped(table)) {
        if (findTableDamage(flipped) === undefined) missed.push(bit >> 3);
        bit += 1;
      }
      // After the two places of the indexes, of at most 4 bytes here, the footer is padded to 40 bytes.
      expect(Math.min(...missed)).toBeGreaterThan(footer + 4);
      expect(Math.max(...missed)).toBeLessThan(footer + 40);
    },
  );

  test("is damaged at any shorter length", async () => {
    const table = await tableOf(12, 30, false);
    for (let length = 0; length < table.length; length++)
      expect(findTableDamage(table.subarray(0, length))).toBeDefined();
  });
});
