import { describe, expect, test } from "@jest/globals";
import type { SessionCommand, SessionPair } from "../../src/index.ts";
import { NO_JOURNAL, RecordJournal, recordsOf, tableOf } from "../../src/sessions/records.ts";
import { SessionTable, type Verdict } from "../../src/sessions/table.ts";
import { rejection, sequenceOf } from "../node/cluster.ts";

const SMALL = { maxSessions: 3, maxOutstanding: 4, maxResultBytes: 8 };

function command(session: number, serial: number, firstUnanswered = 1): SessionCommand {
  return { kind: "command", session, serial, firstUnanswered, payload: new Uint8Array(0) };
}

function small(): SessionTable {
  const table = new SessionTable();
  table.setLimits(SMALL, NO_JOURNAL);
  return table;
}

const ids = (table: SessionTable): number[] => [...table.sessions()].map(({ id }) => id);

describe("a session", () => {
  test("is known from the entry that registers it, by that entry's index", () => {
    const table = small();
    expect(table.command(5, command(5, 1), NO_JOURNAL)).toEqual({
      kind: "refused",
      reason: "sessionUnknown",
    });
    table.register(6, NO_JOURNAL);
    expect(table.command(7, command(6, 1), NO_JOURNAL).kind).toBe("fresh");
  });

  test("that was used least recently expires when there is one too many", () => {
    const table = small();
    for (const index of [1, 2, 3]) table.register(index, NO_JOURNAL);
    table.command(4, command(1, 1), NO_JOURNAL);
    table.register(5, NO_JOURNAL);
    expect(ids(table)).toEqual([3, 1, 5]);
  });

  test("is used by whatever names it, repetitions included", () => {
    const table = small();
    for (const index of [1, 2, 3]) table.register(index, NO_JOURNAL);
    table.command(4, command(1, 1), NO_JOURNAL);
    table.command(5, command(2, 1), NO_JOURNAL);
    table.command(6, command(3, 1), NO_JOURNAL);
    expect(table.command(7, command(1, 1), NO_JOURNAL).kind).toBe("repeated");
    table.register(8, NO_JOURNAL);
    expect(ids(table)).toEqual([3, 1, 8]);
  });

  test("that was ended is not known any more", () => {
    const table = small();
    table.register(1, NO_JOURNAL);
    expect([table.end(1, NO_JOURNAL), table.end(1, NO_JOURNAL)]).toEqual([true, false]);
    expect(table.command(4, command(1, 1), NO_JOURNAL)).toMatchObject({ reason: "sessionUnknown" });
  });
});

describe("a serial", () => {
  const after = (...commands: SessionCommand[]): Verdict => {
    const table = small();
    table.register(1, NO_JOURNAL);
    const verdicts = commands.map((said, i) => table.command(2 + i, said, NO_JOURNAL));
    return verdicts.at(-1)!;
  };

  test("is fresh once, in whatever order serials come", () => {
    expect(after(command(1, 3), command(1, 1)).kind).toBe("fresh");
    expect(after(command(1, 3), command(1, 1), command(1, 3)).kind).toBe("repeated");
  });

  test("below the first unanswered one is refused, applied before or not", () => {
    expect(after(command(1, 1), command(1, 2, 2), command(1, 1))).toMatchObject({ reason: "serialStale" });
    expect(after(command(1, 3, 3), command(1, 2))).toMatchObject({ reason: "serialStale" });
  });

  test("may be as far as maxOutstanding beyond the first unanswered one, and no further", () => {
    expect(after(command(1, 4)).kind).toBe("fresh");
    expect(after(command(1, 5))).toMatchObject({ reason: "windowFull" });
    expect(after(command(1, 5), command(1, 5, 2)).kind).toBe("fresh");
  });

  test("is answered for ever once the session says so: a late copy, which knows less, takes nothing back", () => {
    expect(after(command(1, 4, 4), command(1, 4, 1), command(1, 3))).toMatchObject({ reason: "serialStale" });
  });

  test("far away costs no more than the results that are kept", () => {
    const verdict = after(command(1, 1), command(1, 2 ** 52, 2 ** 52));
    expect(verdict.kind).toBe("fresh");
  });
});

describe("limits", () => {
  test("that are lowered let the least recently used sessions expire at once", () => {
    const table = small();
    for (const index of [1, 2, 3]) table.register(index, NO_JOURNAL);
    table.setLimits({ ...SMALL, maxSessions: 1 }, NO_JOURNAL);
    expect(ids(table)).toEqual([3]);
  });

  test("that are lowered leave the results that are kept", () => {
    const table = small();
    table.register(1, NO_JOURNAL);
    table.command(2, command(1, 4), NO_JOURNAL);
    table.setLimits({ ...SMALL, maxOutstanding: 1 }, NO_JOURNAL);
    expect(table.command(4, command(1, 4), NO_JOURNAL).kind).toBe("repeated");
    expect(table.command(5, command(1, 3), NO_JOURNAL)).toMatchObject({ reason: "windowFull" });
  });
});

/** Draws what an entry says, now and then something foolish. */
function act(table: SessionTable, index: number, random: () => number, journal: RecordJournal): void {
  const below = (limit: number): number => Math.floor(random() * limit);
  const dice = below(20);
  const session = 1 + below(index);
  const firstUnanswered = 1 + below(6);
  if (dice < 3) table.register(index, journal);
  else if (dice === 3) table.end(session, journal);
  else if (dice === 4) table.setLimits({ ...SMALL, maxSessions: 1 + below(4) }, journal);
  else {
    const known = ids(table);
    const id = known[below(known.length)] ?? session;
    const verdict = table.command(index, command(id, firstUnanswered + below(5), firstUnanswered), journal);
    if (verdict.kind !== "fresh") return;
    verdict.slot.state = dice === 5 ? "tooLarge" : "kept";
    if (dice !== 5) verdict.slot.encoded = Uint8Array.of(below(256));
  }
}

describe("the records of a table", () => {
  test.each([1, 2, 3, 4, 5])(
    "as its changes add up are those of the whole, and read as the same table (seed %i)",
    async (seed) => {
      const random = sequenceOf(seed);
      const table = new SessionTable();
      const kept = new Map<string, Uint8Array>();
      for (let index = 1; index <= 300; index++) {
        const journal = new RecordJournal();
        act(table, index, random, journal);
        for (const change of journal.take()) {
          const { key, value } = change();
          if (value === undefined) kept.delete(key);
          else kept.set(key, value);
        }
        const whole = new Map([...recordsOf(table)].map(({ key, value }) => [key, value]));
        expect(kept).toEqual(whole);
      }
      const shuffled = [...recordsOf(table)].sort(() => random() - 0.5);
      expect([...(await tableOf(shuffled)).sessions()]).toEqual([...table.sessions()]);
      expect((await tableOf(shuffled)).limits).toEqual(table.limits);
    },
  );

  const one = Uint8Array.of(1, 1, 1);
  test.each<[string, SessionPair[]]>([
    ["of an unknown kind", [{ key: "else", value: one }]],
    ["with an id that is no number", [{ key: "session/x", value: one }]],
    ["with a number written in another way", [{ key: "session/01", value: one }]],
    ["of another version", [{ key: "session/1", value: Uint8Array.of(2, 1, 1) }]],
    ["that end too early", [{ key: "session/1", value: Uint8Array.of(1, 1) }]],
    ["with something after the end", [{ key: "session/1", value: Uint8Array.of(1, 1, 1, 1) }]],
    ["that hold a result of no session", [{ key: "result/1/1", value: Uint8Array.of(1, 0) }]],
    [
      "that hold a result nobody can wait for",
      [
        { key: "session/1", value: Uint8Array.of(1, 1, 5) },
        { key: "result/1/4", value: Uint8Array.of(1, 0) },
      ],
    ],
    [
      "that hold more sessions than the limits allow",
      [
        { key: "limits", value: Uint8Array.of(1, 1, 1, 1) },
        { key: "session/1", value: one },
        { key: "session/2", value: Uint8Array.of(1, 2, 1) },
      ],
    ],
    ["with limits that cannot be", [{ key: "limits", value: Uint8Array.of(1, 0, 1, 1) }]],
  ])("are refused: %s", async (_what, records) => {
    expect(await rejection(tableOf(records))).toMatchObject({ code: "SESSION_TABLE_DAMAGED" });
  });
});
