import { expect, test } from "@jest/globals";
import { contentHash } from "../src/content-hash.ts";
import { DEFAULT_LIMITS } from "../src/limits.ts";
import { Validator } from "../src/validate.ts";
import { submit } from "./requests.ts";

const validator = new Validator(DEFAULT_LIMITS, () => "id");
const hash = (parts: object): string =>
  Buffer.from(contentHash(validator.submit(submit(parts)))).toString("hex");

const process = (value: object) => ({ task: { kind: { $case: "process", value } } }) as const;

test("the short form and the long form are the same content", () => {
  expect(hash({ command: "echo hello" })).toBe(hash(process({ shell: "echo hello" })));
});

test("the id is not part of the content", () => {
  expect(hash({ command: "true", jobId: "a" })).toBe(hash({ command: "true", jobId: "b" }));
});

test("no schedule and `now` are the same content", () => {
  expect(hash({ command: "true" })).toBe(
    hash({ command: "true", schedule: { kind: { $case: "now", value: {} } } }),
  );
});

test("the order of a map's entries makes no difference", () => {
  const a = process({ shell: "true", env: { A: "1", B: "2" } });
  const b = process({ shell: "true", env: { B: "2", A: "1" } });
  expect(hash(a)).toBe(hash(b));
});

test("a header for a name, a value for a value: nothing runs together", () => {
  expect(hash(process({ argv: ["ab", "c"] }))).not.toBe(hash(process({ argv: ["a", "bc"] })));
  expect(hash(process({ shell: "true", env: { A: "1" } }))).not.toBe(
    hash(process({ shell: "true", env: { A: "2" } })),
  );
  expect(hash(process({ shell: "true", limits: { memoryBytes: 1 } }))).not.toBe(
    hash(process({ shell: "true", limits: { swapBytes: 1 } })),
  );
});

test("another task, schedule or policy is another content", () => {
  const base = hash({ command: "true" });
  expect(hash({ command: "false" })).not.toBe(base);
  expect(hash({ command: "true", schedule: { kind: { $case: "at", value: { atMs: 5 } } } })).not.toBe(base);
  expect(hash({ command: "true", policy: { maxAttempts: 1 } })).not.toBe(base);
});

test("the encoding is pinned: a change would turn every retry across an upgrade into a conflict", () => {
  expect(hash({ command: "echo hello", policy: { maxAttempts: 2 } })).toMatchInlineSnapshot(
    `"6c3a59bd77553e4376a53a26823b67fe7d48a7e439ab770ad62a93964fd4d466"`,
  );
});
