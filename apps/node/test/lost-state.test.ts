import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { StateHoleError } from "@coxswain/state-machine";
import { describeStateLoss, openState, stateArrived } from "../src/lost-state.ts";
import { StatePointerError } from "../src/state-directory.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "coxswain-lost-"));
  await mkdir(join(root, "state"));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

/** Opens a state whose content is the file `record`; "damaged" is refused with `refusal`. */
function opening(refusal: Error, nowMs = 0) {
  const said: string[] = [];
  const path = join(root, "state");
  const open = async (): Promise<string> => {
    await mkdir(path, { recursive: true });
    const record = await readFile(join(path, "record"), "utf8").catch(() => "");
    if (record.startsWith("damaged")) throw refusal;
    return record;
  };
  const say = (_fields: object, message: string): void => void said.push(message);
  return { said, opened: () => openState({ path, open, now: () => nowMs, logger: { info: say, warn: say } }) };
}

const corrupt = new Error("Database failed to open", { cause: Object.assign(new Error("checksum"), { code: "LEVEL_CORRUPTION" }) });

describe("a state", () => {
  test("that is sound is opened, and nothing is said", async () => {
    await writeFile(join(root, "state", "record"), "sound");
    const { said, opened } = opening(new StateHoleError("hole"));
    expect(await opened()).toBe("sound");
    expect([said, await readdir(root)]).toEqual([[], ["state"]]);
  });

  test.each([
    ["a hole", new StateHoleError("hole")],
    ["a damaged pointer", new StatePointerError("CURRENT_STATE", "state")],
    ["a corrupted database", corrupt],
  ])("with %s is set aside whole, and an empty one is opened with a warning", async (_what, refusal) => {
    await writeFile(join(root, "state", "record"), "damaged");
    const { said, opened } = opening(refusal);
    expect(await opened()).toBe("");
    expect((await readdir(root)).sort()).toEqual(["damaged-1970-01-01T00-00-00.000Z", "state"]);
    expect(await readFile(join(root, "damaged-1970-01-01T00-00-00.000Z", "record"), "utf8")).toBe("damaged");
    expect(said).toEqual([expect.stringContaining("set aside")]);
  });

  test("set aside earlier goes when another takes its place, and that is said", async () => {
    for (const nowMs of [1_000, 2_000]) {
      await writeFile(join(root, "state", "record"), `damaged at ${nowMs}`);
      const { said, opened } = opening(corrupt, nowMs);
      await opened();
      expect(said).toHaveLength(nowMs / 1_000);
    }
    expect((await readdir(root)).sort()).toEqual(["damaged-1970-01-01T00-00-02.000Z", "state"]);
  });

  test("that cannot be opened for any other reason stays, and the reason is told", async () => {
    await writeFile(join(root, "state", "record"), "damaged");
    const { opened } = opening(Object.assign(new Error("too many open files"), { code: "LEVEL_IO_ERROR" }));
    await expect(opened()).rejects.toThrow("too many open files");
    expect(await readdir(root)).toEqual(["state"]);
  });
});

describe("a lost state", () => {
  test("is waited for until it was replaced", async () => {
    let isLost = true;
    let restored: () => void = () => {};
    let listens = true;
    const onRestored = (listener: () => void) => {
      restored = listener;
      return () => void (listens = false);
    };
    const arrived = stateArrived({ onRestored, isLost: () => isLost, signal: new AbortController().signal });
    isLost = false;
    restored();
    await arrived;
    expect(listens).toBe(false);
    await stateArrived({ onRestored, isLost: () => isLost, signal: new AbortController().signal });
  });

  test("is not waited for by a node that is stopped", async () => {
    const abort = new AbortController();
    const awaited = { onRestored: () => () => {}, isLost: () => true, signal: abort.signal };
    const arrived = stateArrived(awaited);
    abort.abort(new Error("called off"));
    await expect(arrived).rejects.toThrow("called off");
    await expect(stateArrived(awaited)).rejects.toThrow("called off");
  });

  test("for which nobody leads is said to need a backup, if every node lost its own", () => {
    const event = { type: "stateLost", appliedIndex: 0, firstIndex: 9 } as const;
    expect(describeStateLoss({ ...event, leader: 0, waitedMs: 0 })).toContain("waits for a leader");
    expect(describeStateLoss({ ...event, leader: 2, waitedMs: 30_000 })).toContain("from the leader");
    expect(describeStateLoss({ ...event, leader: 0, waitedMs: 30_000 })).toContain("backup");
  });
});
