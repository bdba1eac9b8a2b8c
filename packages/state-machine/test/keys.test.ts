import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { be64, executionId, executionKey, isKeyText, parseExecutionId, queueKey } from "../src/keys.ts";
import { QueueHead } from "../src/queue.ts";
import { RecordCache } from "../src/record-cache.ts";

const count = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

describe("keys", () => {
  test("numbers sort as they count", () => {
    fc.assert(
      fc.property(count, count, (a, b) => {
        expect(Math.sign(a - b)).toBe(be64(a) < be64(b) ? -1 : be64(a) > be64(b) ? 1 : 0);
      }),
    );
  });

  test("execution ids can be taken apart again, whatever the job id", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), count, count, (jobId, incarnation, number) => {
        expect(parseExecutionId(executionId(jobId, incarnation, number))).toEqual({
          jobId,
          incarnation,
          number,
        });
      }),
    );
  });

  test.each(["", "a", "a.1", ".1.1", "a.0.1", "a.1.x", "a.01.1", "a.1.-1", "a.1e3.1"])(
    "%j is no execution id",
    (id) => {
      expect(parseExecutionId(id)).toBeUndefined();
      expect(() => executionKey(id)).toThrow(RangeError);
    },
  );

  test("a higher priority, then an older entry, then a lower item comes first", () => {
    const keys = [queueKey(0, 1, 0), queueKey(9, 5, 0), queueKey(0, 1, 1), queueKey(9, 4, 7)];
    expect([...keys].sort()).toEqual([keys[3], keys[1], keys[0], keys[2]]);
  });

  test("control characters and empty texts may not stand in keys", () => {
    expect(["a", "ü/€.b", "", "a\0", "a\n", "x".repeat(513)].map(isKeyText)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});

test("a cache never weighs more than its limit and drops what was used least recently", () => {
  const cache = new RecordCache<string>(6, (text) => text.length);
  for (const id of ["a", "b", "c"]) cache.set(id, "xx");
  cache.get("a");
  cache.set("d", "xx");
  expect(["a", "b", "c", "d"].filter((id) => cache.has(id))).toEqual(["a", "c", "d"]);
  cache.set("e", "x".repeat(7));
  expect([cache.bytes <= 6, cache.has("e")]).toEqual([true, false]);
});

test("the queue's head holds the first keys whatever the order they come and go in", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 30 })), { maxLength: 200 }),
      (steps) => {
        const head = new QueueHead(5);
        const all = new Set<string>();
        for (const [add, n] of steps) {
          const key = queueKey(0, n, 0);
          if (add === all.has(key)) continue;
          if (add) all.add(key);
          else all.delete(key);
          const queued = {
            executionId: key,
            jobId: "",
            executor: "",
            attempt: 1,
            priority: 0,
            queuedIndex: n,
            queuedItem: 0,
          };
          if (add) head.add(key, queued);
          else head.remove(key);
          const known = head.first(5).map(({ executionId }) => executionId);
          expect(known).toEqual([...all].sort().slice(0, known.length));
          if (head.complete) expect(known.length).toBe(all.size);
        }
      },
    ),
  );
});
