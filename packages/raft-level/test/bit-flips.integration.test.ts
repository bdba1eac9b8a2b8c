/**
 * A flipped bit anywhere in the files of a log: either it does no harm, or the log is refused with
 * the way back. Only a last write in the write-ahead log may go, since a torn one looks the same.
 */
import { beforeAll, describe, expect, jest, test } from "@jest/globals";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { PersistedState } from "@coxswain/raft-core";
import type { LevelLogStorageOptions } from "../src/level-log-storage.ts";
import { LevelLogStorage } from "../src/level-log-storage.ts";
import { DirectoryImage } from "./directory-image.ts";
import { seededRandom } from "./random.ts";
import { batch, entries, snapshotAt, temporaryDirectory } from "./workplace.ts";

// What was lost once is lost: no second try forgives it.
jest.retryTimes(0);

/** `BIT_FLIPS=all` tries each bit, some minutes long; else one of 16 is drawn. */
const ALL = process.env["BIT_FLIPS"] === "all";
const SEED = 20;

type Outcome = "same" | "last write gone" | "refused";

/** Two tables and a write-ahead log. The last write of the newest table is a vote, which no entry would tell of. */
async function image(options: LevelLogStorageOptions = {}): Promise<DirectoryImage> {
  await using directory = await temporaryDirectory();
  const lives: ((storage: LevelLogStorage) => Promise<void>[])[] = [
    (storage) => [
      storage.append(batch(entries(1, 8, 1, 40), { term: 1, votedFor: 1 })),
      storage.append(batch(entries(9, 12, 2))),
    ],
    (storage) => [
      storage.append(batch(entries(11, 14, 3))),
      storage.compact(snapshotAt(3)),
      storage.append(batch([], { term: 4, votedFor: 2 })),
    ],
    (storage) => [storage.append(batch(entries(15, 18, 4)))],
  ];
  for (const live of lives) {
    const storage = await LevelLogStorage.open(directory.path, options);
    for (const call of live(storage)) await call;
    await storage.close();
  }
  return DirectoryImage.of(directory.path);
}

async function stateIn(directory: string, options: LevelLogStorageOptions = {}): Promise<PersistedState> {
  const storage = await LevelLogStorage.open(directory, options);
  try {
    return await storage.load();
  } finally {
    await storage.close();
  }
}

async function outcomeIn(
  directory: string,
  whole: string,
  options: LevelLogStorageOptions,
): Promise<{ outcome: Outcome; message: string }> {
  try {
    const state = await stateIn(directory, options);
    if (JSON.stringify(state) === whole) return { outcome: "same", message: "" };
    const { term } = state.hardState;
    const last = state.entries.at(-1)?.index;
    if (last === 14 && term === 4) return { outcome: "last write gone", message: "" };
    throw new Error(`a log up to entry ${last} of term ${term} was taken for whole`);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code !== "LOG_DAMAGED") throw error;
    return { outcome: "refused", message };
  }
}

interface Flips {
  /** The bytes that were hit, by what came of it. */
  readonly at: Readonly<Record<Outcome, number[]>>;
  /** Of the refusals, how many do not name the file that was hit. */
  readonly unnamed: number;
}

async function flipEach(
  logImage: DirectoryImage,
  name: string,
  options: LevelLogStorageOptions = {},
): Promise<Flips> {
  await using directory = await temporaryDirectory();
  const random = seededRandom(SEED);
  const whole = JSON.stringify(await stateIn(await logImage.layOut(join(directory.path, "whole")), options));
  const at: Record<Outcome, number[]> = { same: [], "last write gone": [], refused: [] };
  let unnamed = 0;
  const bits = logImage.bytes(name).length * 8;
  for (
    let bit = ALL ? 0 : Math.floor(random() * 8);
    bit < bits;
    bit += ALL ? 1 : 1 + Math.floor(random() * 31)
  ) {
    const place = await logImage.layOutFlipped(join(directory.path, String(bit)), name, bit);
    const { outcome, message } = await outcomeIn(place, whole, options).catch((error: unknown) => {
      throw new Error(`bit ${bit & 7} of byte ${bit >> 3} of ${name} (seed ${SEED})`, { cause: error });
    });
    await rm(place, { recursive: true });
    at[outcome].push(bit >> 3);
    if (outcome === "refused" && !message.includes(join(place, name))) unnamed += 1;
  }
  return { at, unnamed };
}

describe("a flipped bit, wherever it is,", () => {
  let logImage: DirectoryImage;
  beforeAll(async () => {
    logImage = await image();
  });

  test.each([0, 1])(
    "in table %d (.ldb) is refused, naming the file, if any use is made of it",
    async (which) => {
      const [name = ""] = logImage.names(/\.ldb$/).slice(which);
      const { at, unnamed } = await flipEach(logImage, name);
      const footer = logImage.bytes(name).length - 48;
      expect({ unnamed, gone: at["last write gone"] }).toEqual({ unnamed: 0, gone: [] });
      expect(at.refused.length).toBeGreaterThan(footer / 2);
      // The footer is padded to a fixed length.
      expect(Math.min(...at.same)).toBeGreaterThan(footer);
    },
    600_000,
  );

  test("in the manifest is refused, naming the file", async () => {
    const [name = ""] = logImage.names(/^MANIFEST/);
    const { at, unnamed } = await flipEach(logImage, name);
    expect({ ...at, refused: [] }).toEqual({ same: [], "last write gone": [], refused: [] });
    expect(unnamed).toBe(0);
  }, 600_000);

  test("in CURRENT is refused", async () => {
    const { at } = await flipEach(logImage, "CURRENT");
    expect({ ...at, refused: [] }).toEqual({ same: [], "last write gone": [], refused: [] });
  }, 600_000);

  test("in the write-ahead log costs the last write at most", async () => {
    const [name = ""] = logImage.names(/\.log$/);
    const { at } = await flipEach(logImage, name);
    expect({ ...at, "last write gone": [] }).toEqual({ same: [], "last write gone": [], refused: [] });
  }, 600_000);
});
