import { mkdir, mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { OutputBuffer } from "@coxswain/executor";
import type { OutputReaderOptions } from "@coxswain/executor";
import { exitRecord } from "../../src/output/attempt-output.ts";
import type { OutputRecord } from "../../src/output/attempt-output.ts";
import { LiveOutput } from "../../src/output/live-output.ts";
import { OutputSpool } from "../../src/index.ts";
import { HandClock } from "../hand-clock.ts";
import { collect, shown } from "./records.ts";

let directory: string;
beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), "spool-"))));
afterEach(() => rm(directory, { recursive: true, force: true }));

const ref = (executionId: string, attempt = 1) => ({ executionId, attempt });
const exitOf = (output: OutputBuffer) =>
  exitRecord({ outcome: "failed", exitCode: 3, errorType: "EXIT_CODE", retryable: true, startedAtMs: 1, endedAtMs: 2 }, output.totalBytes);

function written(capacityBytes: number, ...pieces: string[]): OutputBuffer {
  const output = new OutputBuffer({ capacityBytes });
  for (const [i, piece] of pieces.entries()) output.write(Buffer.from(piece, "latin1"), i % 2 ? "stderr" : "stdout");
  output.end();
  return output;
}

const put = (spool: OutputSpool, id: string, output: OutputBuffer): Promise<void> => spool.put(ref(id), output, exitOf(output));

describe("OutputSpool", () => {
  test("a reader of a file sees what a reader of the memory saw: bytes, streams, offsets, gaps, exit", async () => {
    const output = written(200_000, "x".repeat(100_000), "err\0\xff", "y".repeat(150_000), "z");
    const spool = await OutputSpool.open({ directory });
    await put(spool, "a.1.1", output);
    const live = new LiveOutput(output, Promise.resolve(exitOf(output)));
    const again = (await OutputSpool.open({ directory })).output(ref("a.1.1"))!;
    const cases: OutputReaderOptions[] = [{}, { offset: 100_002 }, { offset: 249_000, maxBytes: 7 }, { tailBytes: 3 }, { tailBytes: 1e6 }, { offset: 1e9 }];
    for (const options of cases) {
      const expected = shown(await collect(live.reader(options)));
      expect(shown(await collect(again.reader(options)))).toEqual(expected);
      expect(expected.at(-1)).toEqual({ kind: "exit", offset: 250_006, outcome: "failed", exitCode: 3, errorType: "EXIT_CODE" });
    }
  });

  test("an attempt without output has its exit record", async () => {
    const spool = await OutputSpool.open({ directory });
    await put(spool, "a.1.1", written(10));
    expect(await collect(spool.output(ref("a.1.1"))!.reader())).toMatchObject([{ kind: "exit", offset: 0, exitCode: 3 }]);
    expect(spool.output(ref("a.1.1", 2))).toBeUndefined();
  });

  test("wherever a file is torn, the frames before it are read and none is made up", async () => {
    const output = written(1_000, "one\n", "two\n", "three\n");
    const whole = await (async () => {
      const spool = await OutputSpool.open({ directory });
      await put(spool, "a.1.1", output);
      return spool;
    })();
    const path = join(directory, (await readdir(directory))[0]!);
    const records = await collect(whole.output(ref("a.1.1"))!.reader());
    for (let sizeBytes = whole.totalBytes - 1; sizeBytes >= 0; sizeBytes -= 7) {
      await truncate(path, sizeBytes);
      const seen: OutputRecord[] = await collect(whole.output(ref("a.1.1"))!.reader());
      expect(seen).toEqual(records.slice(0, seen.length));
      expect(seen.length).toBeLessThan(records.length);
    }
  });

  test("a byte that changed ends the reading", async () => {
    const spool = await OutputSpool.open({ directory });
    await put(spool, "a.1.1", written(1_000, "one\n"));
    const path = join(directory, (await readdir(directory))[0]!);
    const bytes = await readFile(path);
    bytes[18] = 0xff;
    await writeFile(path, bytes);
    expect(await collect(spool.output(ref("a.1.1"))!.reader())).toEqual([]);
  });

  test("the oldest go when there are too many, too large or too old", async () => {
    const clock = new HandClock();
    const limits = { directory, maxAttempts: 3, maxBytes: 2_000, maxAgeMs: 1_000_000, clock };
    const spool = await OutputSpool.open(limits);
    const kept = (): string[] => ["a", "b", "c", "d", "e"].filter((id) => spool.output(ref(id)));
    for (const id of ["a", "b", "c", "d"]) await put(spool, id, written(10, id));
    expect(kept()).toEqual(["b", "c", "d"]);
    await put(spool, "e", written(5_000, "e".repeat(1_800)));
    expect(kept()).toEqual(["e"]);
    expect(spool.totalBytes).toBeLessThanOrEqual(2_000);
    clock.suspend(2_000_000);
    await put(spool, "a", written(10, "a"));
    expect(kept()).toEqual(["a"]);
    expect([spool.attemptCount, (await readdir(directory)).length]).toEqual([1, 1]);
  });

  test("what grows too old while nothing else is put goes by the clock, until the spool is closed", async () => {
    const clock = new HandClock();
    const spool = await OutputSpool.open({ directory, maxAgeMs: 1_000, clock });
    expect(clock.pending).toBe(0);
    await put(spool, "a", written(10, "a"));
    clock.advance(600);
    await put(spool, "b", written(10, "b"));
    clock.advance(399);
    expect(spool.attemptCount).toBe(2);
    clock.advance(1);
    await put(spool, "c", written(10, "c"));
    expect([spool.output(ref("a")), spool.attemptCount, clock.pending]).toEqual([undefined, 2, 1]);
    clock.advance(600);
    await spool.close();
    expect([spool.output(ref("b")), spool.attemptCount, (await readdir(directory)).length]).toEqual([undefined, 1, 1]);
    expect(clock.pending).toBe(0);
  });

  test("one that the disk does not let go keeps no younger one from going at its age", async () => {
    const clock = new HandClock();
    const spool = await OutputSpool.open({ directory, maxBytes: 2_000, maxAgeMs: 1_000, clock });
    await put(spool, "a", written(10, "a"));
    const [stuck] = await readdir(directory);
    await rm(join(directory, stuck!));
    await mkdir(join(directory, stuck!));
    clock.advance(600);
    await put(spool, "b", written(10, "b"));
    clock.advance(400);
    await expect(put(spool, "large", written(5_000, "x".repeat(3_000)))).rejects.toMatchObject({ code: "OUTPUT_TOO_LARGE" });
    clock.advance(600);
    await spool.close();
    expect([spool.attemptCount, await readdir(directory)]).toEqual([0, [stuck]]);
  });

  test("one that is larger than the whole spool is refused, and the others stay, also where the limit was lowered", async () => {
    const spool = await OutputSpool.open({ directory, maxBytes: 2_000 });
    await put(spool, "a", written(10, "a"));
    const large = put(spool, "large", written(5_000, "x".repeat(1_990)));
    await expect(large).rejects.toMatchObject({ code: "OUTPUT_TOO_LARGE", category: "exhausted" });
    expect([spool.output(ref("large")), spool.attemptCount, (await readdir(directory)).length]).toEqual([undefined, 1, 1]);
    await put(spool, "b", written(5_000, "b".repeat(1_000)));
    const lowered = await OutputSpool.open({ directory, maxBytes: 1_000 });
    expect([lowered.output(ref("a")) !== undefined, lowered.output(ref("b"))]).toEqual([true, undefined]);
  });

  test("at open, limits hold by the files' own ages, and what was not finished is removed", async () => {
    const spool = await OutputSpool.open({ directory });
    await put(spool, "old", written(10, "a"));
    const [name] = await readdir(directory);
    await utimes(join(directory, name!), 1, 1);
    await put(spool, "new", written(10, "b"));
    await writeFile(join(directory, "x.output.unfinished"), "half");
    const again = await OutputSpool.open({ directory, maxAgeMs: 3_600_000 });
    expect([again.output(ref("old")), again.attemptCount, (await readdir(directory)).length]).toEqual([undefined, 1, 1]);
  });

  test("ids are no paths", async () => {
    const spool = await OutputSpool.open({ directory });
    await put(spool, "../../x/\0", written(10, "a"));
    expect(await readdir(directory)).toEqual([expect.stringMatching(/^[0-9a-f]{40}-1\.output$/)]);
    expect(spool.output(ref("../../x/\0"))).toBeDefined();
  });

  test.each([{ offset: -1 }, { tailBytes: 0.5 }, { maxBytes: 0 }])("%j is refused", async (options) => {
    const spool = await OutputSpool.open({ directory });
    await put(spool, "a", written(10, "a"));
    await expect(spool.output(ref("a"))!.reader(options).next()).rejects.toThrow(RangeError);
  });

  test("an aborted reader rejects with the reason and releases its file", async () => {
    const spool = await OutputSpool.open({ directory });
    await put(spool, "a", written(1_000, "one", "two"));
    const controller = new AbortController();
    const reader = spool.output(ref("a"))!.reader({ signal: controller.signal });
    await reader.next();
    const reason = new Error("the client has gone");
    controller.abort(reason);
    await expect(reader.next()).rejects.toBe(reason);
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });
});
