import { Buffer } from "node:buffer";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "@jest/globals";
import { OutputBuffer } from "../src/index.ts";
import type { OutputPiece, OutputReader } from "../src/index.ts";
import { seeded } from "./seeded.ts";

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
const shown = (piece: OutputPiece | undefined): unknown =>
  piece?.kind === "chunk" ? [piece.offset, text(piece.bytes)] : piece;
const next = async (reader: OutputReader): Promise<unknown> => shown((await reader.next()).value);

async function collect(reader: AsyncIterable<OutputPiece>): Promise<OutputPiece[]> {
  const pieces: OutputPiece[] = [];
  for await (const piece of reader) pieces.push(piece);
  return pieces;
}

describe("where a reader begins", () => {
  const written = (): OutputBuffer => {
    const output = new OutputBuffer({ capacityBytes: 6 });
    output.write(Buffer.from("abcdefgh"), "stdout");
    output.end();
    return output;
  };

  test.each([
    ["the start, of which the oldest bytes are gone", {}, [{ kind: "gap", from: 0, to: 2 }, [2, "cdefgh"]]],
    ["an offset", { offset: 5 }, [[5, "fgh"]]],
    ["an offset that is gone", { offset: 1 }, [{ kind: "gap", from: 1, to: 2 }, [2, "cdefgh"]]],
    ["the tail", { tailBytes: 2 }, [[6, "gh"]]],
    ["a tail longer than what is kept", { tailBytes: 7 }, [{ kind: "gap", from: 1, to: 2 }, [2, "cdefgh"]]],
    ["a tail longer than what was written", { tailBytes: 99 }, [{ kind: "gap", from: 0, to: 2 }, [2, "cdefgh"]]],
    ["the end", { tailBytes: 0 }, []],
    ["beyond the end", { offset: 99 }, []],
  ])("%s", async (_, options, pieces) => {
    expect((await collect(written().reader(options))).map(shown)).toEqual(pieces);
  });

  test.each([{ offset: -1 }, { offset: 0.5 }, { tailBytes: -1 }, { maxBytes: 0 }, { maxBytes: NaN }])("%j is refused", (options) => {
    const output = written();
    expect(() => output.reader(options)).toThrow(RangeError);
    expect(output.readerCount).toBe(0);
  });

  test("pieces are cut to maxBytes, and tell the streams apart", async () => {
    const output = new OutputBuffer({ capacityBytes: 100 });
    output.write(Buffer.from("abcde"), "stdout");
    output.write(Buffer.from("XY"), "stderr");
    output.end();
    const pieces = await collect(output.reader({ maxBytes: 3 }));
    expect(pieces.map((piece) => [piece.kind === "chunk" && piece.stream, ...(shown(piece) as unknown[])])).toEqual([
      ["stdout", 0, "abc"],
      ["stdout", 3, "de"],
      ["stderr", 5, "XY"],
    ]);
  });
});

describe("a reader that waits", () => {
  test("is woken by the next write, and by the end", async () => {
    const output = new OutputBuffer({ capacityBytes: 100 });
    const reader = output.reader();
    const first = next(reader);
    output.write(Buffer.from("abc"), "stdout");
    expect(await first).toEqual([0, "abc"]);
    const last = reader.next();
    output.end();
    expect(await last).toEqual({ done: true, value: undefined });
    expect([output.readerCount, reader.closed, reader.offset]).toEqual([0, true, 3]);
  });

  test("may ask ahead: answers come in order", async () => {
    const output = new OutputBuffer({ capacityBytes: 100 });
    const reader = output.reader({ maxBytes: 2 });
    const answers = Promise.all([next(reader), next(reader), next(reader)]);
    output.write(Buffer.from("abc"), "stdout");
    output.end();
    expect(await answers).toEqual([[0, "ab"], [2, "c"], undefined]);
  });

  test("leaves at once when its signal aborts, with the reason", async () => {
    const output = new OutputBuffer({ capacityBytes: 100 });
    const controller = new AbortController();
    const waiting = output.reader({ signal: controller.signal }).next();
    const reason = new Error("the client has gone");
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(output.readerCount).toBe(0);
    await expect(output.reader({ signal: controller.signal }).next()).rejects.toBe(reason);
    expect(output.readerCount).toBe(0);
  });

  test("leaves at once by return, even while it waits", async () => {
    const output = new OutputBuffer({ capacityBytes: 100 });
    const reader = output.reader();
    const waiting = reader.next();
    await reader.return();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(output.readerCount).toBe(0);
    output.write(Buffer.from("abc"), "stdout");
    expect(reader.offset).toBe(0);
  });
});

describe("cases of readers", () => {
  test("case 8: a reader that is cancelled while its consumer is blocked is gone at once: the reader count is 0", async () => {
    const output = new OutputBuffer({ capacityBytes: 100 });
    const controller = new AbortController();
    let blocked: () => void = () => {};
    const isBlocked = new Promise<void>((resolve) => (blocked = resolve));
    let unblock: () => void = () => {};
    const handler = (async () => {
      for await (const piece of output.reader({ signal: controller.signal })) {
        expect(shown(piece)).toEqual([0, "abc"]);
        // Stands for a socket that never drains until the connection is gone.
        await new Promise<void>((resolve) => {
          unblock = resolve;
          blocked();
        });
      }
    })();
    output.write(Buffer.from("abc"), "stdout");
    await isBlocked;
    expect(output.readerCount).toBe(1);
    controller.abort();
    expect(output.readerCount).toBe(0);
    unblock();
    await expect(handler).rejects.toMatchObject({ name: "AbortError" });
  });

  test.each([1, 2, 3])("9. 100 readers while the ring wraps: every byte or an explicit gap, and no slice is overwritten (seed %i)", async (seed) => {
    const random = seeded(seed);
    const below = (limit: number): number => Math.floor(random() * limit);
    const output = new OutputBuffer({ capacityBytes: 20_000 });
    /** The byte at an offset follows from the offset. */
    const byteAt = (offset: number): number => (offset * 31 + (offset >> 8)) & 255;
    const held: { piece: OutputPiece & { kind: "chunk" }; stream: string }[] = [];
    const starts: number[] = [0];
    const streamAt = (offset: number): string => {
      let write = 0;
      while ((starts[write + 1] ?? Infinity) <= offset) write += 1;
      return write % 2 ? "stderr" : "stdout";
    };
    const read = async (): Promise<{ from: number; bytes: number; missed: number; to: number }> => {
      const offset = below(output.totalBytes + 1);
      let [at, bytes, missed] = [offset, 0, 0];
      const patience = below(6);
      for await (const piece of output.reader({ offset, maxBytes: 1 + below(5_000) })) {
        if (piece.kind === "gap") {
          if (piece.from !== at) throw new Error(`seed ${seed}: a gap at ${piece.from} instead of ${at}`);
          missed += piece.to - piece.from;
          at = piece.to;
        } else {
          if (piece.offset !== at) throw new Error(`seed ${seed}: bytes at ${piece.offset} instead of ${at}`);
          bytes += piece.bytes.length;
          at += piece.bytes.length;
          held.push({ piece, stream: streamAt(piece.offset) });
        }
        for (let wait = below(patience + 1); wait > 0; wait -= 1) await turn();
      }
      return { from: offset, bytes, missed, to: at };
    };
    const readers: Promise<{ from: number; bytes: number; missed: number; to: number }>[] = [];
    for (let write = 0; write < 400; write += 1) {
      if (write % 4 === 0) readers.push(read());
      const chunk = Buffer.from(Array.from({ length: 1 + below(800) }, (_, i) => byteAt(output.totalBytes + i)));
      output.write(chunk, write % 2 ? "stderr" : "stdout");
      starts.push(output.totalBytes);
      if (below(3) === 0) await turn();
    }
    expect(output.totalBytes).toBeGreaterThan(output.capacityBytes * 5);
    output.end();
    const all = await Promise.all(readers);
    expect(all.length).toBe(100);
    for (const { from, bytes, missed, to } of all) expect([bytes + missed, to]).toEqual([output.totalBytes - from, output.totalBytes]);
    expect(all.some(({ missed }) => missed > 0)).toBe(true);
    expect(all.some(({ missed }) => missed === 0)).toBe(true);
    for (const { piece, stream } of held) {
      if (piece.stream !== stream) throw new Error(`seed ${seed}: the bytes at ${piece.offset} are of ${stream}`);
      const wrong = piece.bytes.findIndex((byte, i) => byte !== byteAt(piece.offset + i));
      if (wrong !== -1) throw new Error(`seed ${seed}: the byte at ${piece.offset + wrong} was overwritten`);
    }
    expect(output.readerCount).toBe(0);
  });

  test("case 10: a reader that joins after the end gets what is kept, then the end", async () => {
    const output = new OutputBuffer({ capacityBytes: 100 });
    output.write(Buffer.from("abc"), "stdout");
    output.end();
    expect((await collect(output.reader())).map(shown)).toEqual([[0, "abc"]]);
    expect(output.readerCount).toBe(0);
  });

  test("case 11: a reader that never reads slows neither the writer nor the others, and holds no memory", async () => {
    const output = new OutputBuffer({ capacityBytes: 100_000 });
    const idle = output.reader();
    const stuck = output.reader();
    void stuck.next();
    let seen = 0;
    const busy = (async () => {
      for await (const piece of output.reader()) seen += piece.kind === "chunk" ? piece.bytes.length : 0;
    })();
    for (let i = 0; i < 500; i += 1) {
      output.write(Buffer.alloc(10_000, i), "stdout");
      expect(output.heldBytes).toBeLessThan(100_000 + 2 * 65_536);
      await turn();
    }
    output.end();
    await busy;
    expect(seen).toBe(5_000_000);
    expect(output.readerCount).toBe(2);
    expect(await next(idle)).toEqual({ kind: "gap", from: 0, to: 4_900_000 });
    await Promise.all([idle.return(), stuck.return()]);
    expect(output.readerCount).toBe(0);
  });

  test("case 12: binary output, invalid UTF-8, no newline: byte-exact", async () => {
    const output = new OutputBuffer({ capacityBytes: 1_000 });
    const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const broken = Buffer.from([0xf0, 0x9f, 0x98, 0xc3, 0x28, 0x00]);
    output.write(every, "stdout");
    output.write(broken, "stdout");
    output.end();
    const pieces = await collect(output.reader({ maxBytes: 7 }));
    expect(Buffer.concat(pieces.map((piece) => (piece.kind === "chunk" ? piece.bytes : Buffer.alloc(0))))).toEqual(
      Buffer.concat([every, broken]),
    );
  });
});
