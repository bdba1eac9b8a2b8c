import { describe, expect, test } from "@jest/globals";
import { SessionSnapshotError } from "../../src/index.ts";
import type { SessionPair } from "../../src/index.ts";
import { StreamReader } from "../../src/sessions/stream-reader.ts";
import { decodeTable, encodeTable } from "../../src/sessions/table-frames.ts";
import { rejection } from "../node/cluster.ts";
import { all, piecesOf } from "./counters.ts";

const records: SessionPair[] = [
  { key: "session/1", value: Uint8Array.of(1, 2, 3) },
  { key: "result/1/7", value: new Uint8Array(0) },
];
const after = Uint8Array.of(9, 8, 7);

const table = (): Promise<Uint8Array> => all(encodeTable(40, records));
const readerOf = (bytes: Uint8Array, pieceBytes = 5): StreamReader =>
  new StreamReader(piecesOf(bytes, pieceBytes));

test.each([1, 3, 64, 10_000])(
  "a table cut into pieces of %i bytes comes back, and leaves what follows",
  async (size) => {
    const reader = readerOf(Uint8Array.from([...(await table()), ...after]), size);
    expect(await decodeTable(reader, 40)).toEqual(records);
    expect(await all(reader.rest())).toEqual(after);
  },
);

test("a table of many records travels in frames of bounded size", async () => {
  const many = Array.from({ length: 5_000 }, (_, i) => ({
    key: `result/1/${i + 1}`,
    value: new Uint8Array(100),
  }));
  const frames = [...encodeTable(40, many)];
  expect(Math.max(...frames.map(({ length }) => length))).toBeLessThan(70_000);
  expect(frames.length).toBeGreaterThan(8);
  expect(await decodeTable(readerOf(await all(frames), 1_000), 40)).toEqual(many);
});

describe("a table is refused as the snapshot's fault", () => {
  const refused = async (bytes: Uint8Array, index = 40): Promise<void> => {
    const error = await rejection(decodeTable(readerOf(bytes), index));
    expect(error).toBeInstanceOf(SessionSnapshotError);
    expect(error).toMatchObject({ code: "SESSION_SNAPSHOT_DAMAGED", category: "invalid" });
  };

  test("when it ends anywhere before its end", async () => {
    const bytes = await table();
    for (let length = 0; length < bytes.length; length++) await refused(bytes.subarray(0, length));
  });

  test("with any bit flipped", async () => {
    const bytes = await table();
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Uint8Array.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      await refused(flipped);
    }
  });

  test("when a frame says that it is larger than any", async () => {
    await refused(Uint8Array.of(0xf5, 0x53, 0x45, 0x54, 1, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 1));
  });

  test("when it is of another entry than the state", async () => {
    await refused(await table(), 41);
  });

  test("when one of its frames is missing", async () => {
    const [head, , end] = [...encodeTable(40, records)];
    await refused(await all([head!, end!]));
  });
});

test("a stream that breaks is no damage, and is passed on", async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield (await table()).subarray(0, 20);
    throw new Error("the line went dead");
  }
  await expect(decodeTable(new StreamReader(broken()), 40)).rejects.toThrow("the line went dead");
});
