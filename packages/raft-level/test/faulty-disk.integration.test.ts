/** A real process on a disk whose syncs fail, and what a restart finds. */
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { LevelLogStorage } from "../src/level-log-storage.ts";
import { compileSources } from "./compiled-sources.ts";
import { afterPowerCut, compileFaultyDisk, faultyDiskMissing } from "./faulty-disk.ts";
import { entry, temporaryDirectory } from "./workplace.ts";

// What was lost once is lost: no second try forgives it.
jest.retryTimes(0);

const ENTRY_BYTES = 300_000;
const missing = faultyDiskMissing();
if (missing !== undefined) console.warn(`SKIPPED: fsync that fails with EIO: ${missing}`);
const onFaultyDisk = missing === undefined ? describe : describe.skip;

interface Life {
  /** The last index that was acknowledged. */
  readonly acknowledged: number;
  readonly refusals: readonly string[];
}

onFaultyDisk("on a disk whose sync fails with EIO", () => {
  let workplace: Awaited<ReturnType<typeof temporaryDirectory>>;
  let programs: string;
  let library: string;
  beforeAll(async () => {
    workplace = await temporaryDirectory();
    programs = await compileSources(workplace.path);
    library = compileFaultyDisk(workplace.path);
  });
  afterAll(() => workplace[Symbol.asyncDispose]());

  /** One life of a process on the disk; its sync number `from` fails, and so do the `count` - 1 after it. */
  function live(directory: string, from: number, count: number): Life {
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [join(programs, "faulty-disk-program.js"), directory],
      {
        env: {
          PATH: process.env["PATH"],
          LD_PRELOAD: library,
          FAULTY_DISK_DIRECTORY: directory,
          FAULTY_DISK_NOTES: `${directory}.notes`,
          FAULTY_DISK_FROM: String(from),
          FAULTY_DISK_COUNT: String(count),
        },
        encoding: "utf8",
      },
    );
    if (status !== 0) throw new Error(`the program ended with ${status}: ${stderr}`);
    const lines = stdout.trim().split("\n");
    const appended = lines
      .filter((line) => /^acknowledged \d+$/.test(line))
      .map((line) => Number(line.split(" ")[1]));
    return {
      acknowledged: appended.at(-1) ?? 0,
      refusals: lines.filter((line) => line.startsWith("refused")),
    };
  }

  async function expectAcknowledged(directory: string, acknowledged: number): Promise<void> {
    const storage = await LevelLogStorage.open(directory);
    const { entries, hardState } = await storage.load();
    await storage.close();
    // The write that failed may be there or not: nobody was told.
    expect([acknowledged, acknowledged + 1]).toContain(entries.length);
    expect(hardState.term).toBe(entries.length);
    entries.forEach(({ data }, position) => {
      if (Buffer.compare(data, entry(position + 1, position + 1, ENTRY_BYTES).data) !== 0)
        throw new Error(`entry ${position + 1} has other bytes`);
    });
  }

  test.each([
    ["once, and then claims success again,", 1, [1, 2, 3, 4, 5, 6, 8, 12, 20, 21, 22, 23, 24]],
    ["for good", 1_000_000, [1, 4, 9, 22]],
  ])(
    "%s nothing is acknowledged after it, and a restart holds all that was",
    async (_what, count, syncs) => {
      await using place = await temporaryDirectory();
      const outcomes = new Set<string>();
      // The first syncs make the files; then come appends, and near the twentieth a table and its manifest between them.
      for (const from of syncs) {
        const directory = join(place.path, String(from));
        const { acknowledged, refusals } = live(directory, from, count);
        const calls = refusals.map((line) => line.split(" ").slice(2).join(" "));
        expect({ from, codes: [...new Set(calls)] }).toEqual({ from, codes: ["STORAGE_FAILED"] });
        outcomes.add(
          refusals
            .map((line) => line.split(" ")[1])
            .join(" ")
            .replace(/^\d+/, "INDEX"),
        );
        const cut = await afterPowerCut(directory, `${directory}.notes`, `${directory}-cut`);
        await expectAcknowledged(cut, acknowledged);
        await expectAcknowledged(directory, acknowledged);
      }
      expect([...outcomes].sort()).toEqual(["INDEX append compact reset load", "run"]);
    },
    120_000,
  );

  test("that is well again the next life goes on where the last one ended", async () => {
    await using place = await temporaryDirectory();
    const directory = join(place.path, "log");
    let acknowledged = 0;
    for (const from of [12, 16, 9, 20]) {
      const life = live(directory, from, 1);
      expect(life.acknowledged).toBeGreaterThan(acknowledged);
      acknowledged = life.acknowledged;
      await expectAcknowledged(
        await afterPowerCut(directory, `${directory}.notes`, `${directory}-${from}`),
        acknowledged,
      );
    }
  }, 60_000);
});
