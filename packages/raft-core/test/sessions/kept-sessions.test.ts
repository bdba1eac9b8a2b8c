import { describe, expect, test } from "@jest/globals";
import { KeptSessions } from "../../src/index.ts";
import { rejection } from "../node/cluster.ts";

const put = (key: string, byte: number) => ({ key, value: Uint8Array.of(byte) });

describe("sessions that are written down with a state", () => {
  test("come back, and so does the state", async () => {
    const kept = new KeptSessions();
    kept.take([[put("session/1", 1)], [put("session/2", 2), { key: "session/1", value: undefined }]]);
    const { sessions, state } = await KeptSessions.split(9, kept.withState(9, Uint8Array.of(7, 8)));
    expect([...sessions.records()]).toEqual([put("session/2", 2)]);
    expect(state).toEqual(Uint8Array.of(7, 8));
  });

  test("leave no trace when there are none, so that states from before read as ever", async () => {
    const state = new TextEncoder().encode("{}");
    expect(new KeptSessions().withState(9, state)).toBe(state);
    expect((await KeptSessions.split(9, state)).state).toEqual(state);
  });

  test("are told apart from a state that begins as they would", async () => {
    const state = Uint8Array.of(0xf5, 0x53, 0x45, 0x54, 1);
    const split = await KeptSessions.split(9, new KeptSessions().withState(9, state));
    expect([[...split.sessions.records()], split.state]).toEqual([[], state]);
  });

  test("of another entry than the state are refused", async () => {
    const bytes = new KeptSessions([put("session/1", 1)]).withState(9, new Uint8Array(0));
    expect(await rejection(KeptSessions.split(10, bytes))).toMatchObject({ category: "invalid" });
  });

  test("do not change in a copy", () => {
    const kept = new KeptSessions([put("a", 1)]);
    const copy = kept.copy();
    kept.take([[put("a", 2)]]);
    expect([...copy.records()]).toEqual([put("a", 1)]);
  });
});
