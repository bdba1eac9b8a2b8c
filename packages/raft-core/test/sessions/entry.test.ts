import { describe, expect, test } from "@jest/globals";
import {
  decodeSessionEntry,
  encodeSessionEntry,
  isSessionEntry,
  SessionEntryError,
  type SessionEntry,
} from "../../src/index.ts";
import { sequenceOf } from "../node/cluster.ts";

const payload = Uint8Array.of(1, 2, 3);
const LARGE = 2 ** 53 - 1;
const entries: SessionEntry[] = [
  { kind: "plain", payload },
  { kind: "plain", payload: new Uint8Array(0) },
  { kind: "register" },
  { kind: "command", session: 1, serial: 1, firstUnanswered: 1, payload },
  { kind: "command", session: 300, serial: 128, firstUnanswered: 100, payload: new Uint8Array(0) },
  { kind: "command", session: LARGE, serial: LARGE, firstUnanswered: 1, payload },
  { kind: "end", session: 16_384 },
  { kind: "limits", limits: { maxSessions: 5, maxOutstanding: 2, maxResultBytes: 1_000 } },
];
const written = entries.map((entry) => [encodeSessionEntry(entry), entry] as const);

/** The entry, or undefined when the bytes were refused the way they should be. */
function read(bytes: Uint8Array): SessionEntry | undefined {
  try {
    return decodeSessionEntry(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(SessionEntryError);
    return undefined;
  }
}

test("every kind of entry comes back as it was written", () => {
  for (const [bytes, entry] of written) {
    expect(isSessionEntry(bytes)).toBe(true);
    expect(decodeSessionEntry(bytes)).toEqual(entry);
  }
});

test("a command costs a dozen bytes", () => {
  const bytes = encodeSessionEntry({
    kind: "command",
    session: 1_000_000,
    serial: 10_000,
    firstUnanswered: 9_990,
    payload,
  });
  expect(bytes.length - payload.length).toBe(12);
});

test("text is never taken for an entry", () => {
  for (const text of ["", "SES", '{"a":1}', "\u{10ffff}"])
    expect(isSessionEntry(new TextEncoder().encode(text))).toBe(false);
});

describe("an entry that was damaged", () => {
  test("is refused when its head is cut off", () => {
    for (const [bytes, entry] of written) {
      const headBytes = bytes.length - ("payload" in entry ? entry.payload.length : 0);
      for (let length = 0; length < headBytes; length++)
        expect(read(bytes.subarray(0, length))).toBeUndefined();
    }
  });

  test("is refused when something follows its end", () => {
    for (const [bytes, entry] of written) {
      if ("payload" in entry) continue;
      expect(read(Uint8Array.from([...bytes, 0]))).toBeUndefined();
    }
  });

  test("with any bit flipped is refused, or reads as another entry that is written just so", () => {
    for (const [bytes] of written) {
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const flipped = Uint8Array.from(bytes);
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        const entry = read(flipped);
        if (entry !== undefined) expect(encodeSessionEntry(entry)).toEqual(flipped);
      }
    }
  });

  test("reads as nothing but an entry that is written just so, whatever follows its first bytes (seed 7)", () => {
    const random = sequenceOf(7);
    const [first] = written[2]!;
    for (let round = 0; round < 5_000; round++) {
      const noise = Array.from({ length: Math.floor(random() * 24) }, () => Math.floor(random() * 256));
      const bytes = Uint8Array.from([...first.subarray(0, 4), round % 3 === 0 ? 1 : noise.length, ...noise]);
      const entry = read(bytes);
      if (entry !== undefined) expect(encodeSessionEntry(entry)).toEqual(bytes);
    }
  });
});

describe("an entry is refused", () => {
  const head = (kind: number, ...fields: number[]): Uint8Array =>
    Uint8Array.of(0xf5, 0x53, 0x45, 0x53, 1, kind, ...fields);
  const tooLarge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f];

  test.each([
    ["of another version", Uint8Array.of(0xf5, 0x53, 0x45, 0x53, 2, 1)],
    ["of an unknown kind", head(5)],
    ["with a number beyond 2^53", head(3, ...tooLarge)],
    ["with a number that never ends", head(3, ...Array.from({ length: 2_000 }, () => 0xff))],
    ["with a number not written in the shortest way", head(3, 0x81, 0)],
    ["with a serial below 1", head(2, 1, 0, 0)],
    ["whose first unanswered serial is below 1", head(2, 1, 3, 3)],
    ["with limits above the caps", head(4, 1, 1, 0x81, 0x80, 0x40)],
    ["with limits that together are too large", head(4, 0xc0, 0x84, 0x3d, 0x80, 0x20, 0x80, 0x08)],
    ["with a limit of zero", head(4, 1, 0, 1)],
  ])("%s", (_what, bytes) => {
    expect(read(bytes)).toBeUndefined();
  });
});

test("limits that cannot be are not written either", () => {
  const limits = { maxSessions: 0, maxOutstanding: 1, maxResultBytes: 1 };
  expect(() => encodeSessionEntry({ kind: "limits", limits })).toThrow("maxSessions must be");
  // A thousand million results of one byte each take far more than that.
  const many = { maxSessions: 250_000, maxOutstanding: 4_096, maxResultBytes: 1 };
  expect(() => encodeSessionEntry({ kind: "limits", limits: many })).toThrow("Lower maxSessions");
});
