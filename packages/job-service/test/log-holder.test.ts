import { describe, expect, test } from "@jest/globals";
import { ExecutionStatus } from "@coxswain/protocol";
import type { JobRequest } from "@coxswain/protocol";
import { E1, NODE_LOST, result, Scene } from "./log-scene.ts";
import { settled } from "./manual-clock.ts";
import { rejection } from "./requests.ts";

const { PENDING, RUNNING, COMPLETED, FAILED } = ExecutionStatus;

describe("when the node that holds the output", () => {
  test("is cut off for a moment, the logs go on at the offset reached", async () => {
    const scene = await new Scene().submitted();
    scene.output.write("before ");
    const log = scene.follow(1);
    await settled();
    scene.cluster.peers.disconnect(3);
    scene.output.write("and after").end();
    await scene.cluster.clock.advance(3_000);
    scene.cluster.peers.reconnect(3);
    await scene.cluster.clock.advance(1_000);
    scene.attempts(COMPLETED, result(16));
    await log.done;
    expect(log.seen).toEqual(["1@0 before and after", "1@16 exit 3"]);
    expect(scene.cluster.held.get(3)!.asked.map(({ offset }) => offset)).toEqual([0, 7]);
    expect(scene.cluster.clock.timers).toBe(0);
  });

  test("is cut off before the first byte of a tail, the logs go on where the tail began", async () => {
    const scene = await new Scene().submitted();
    scene.output.write("before ");
    const log = scene.follow(1, { tailBytes: 0 });
    await settled();
    scene.cluster.peers.disconnect(3);
    scene.output.write("meanwhile");
    await scene.cluster.clock.advance(3_000);
    scene.cluster.peers.reconnect(3);
    await scene.cluster.clock.advance(1_000);
    expect(log.seen).toEqual(["1@7 meanwhile"]);
  });

  test("is cut off again after a long silence, its patience is whole again", async () => {
    const scene = await new Scene().submitted();
    const { peers, clock } = scene.cluster;
    scene.output.write("at first ");
    const log = scene.follow(1);
    await settled();
    for (const pauseMs of [60_000, 0]) {
      peers.disconnect(3);
      await clock.advance(3_000);
      peers.reconnect(3);
      await clock.advance(1_000 + pauseMs);
    }
    scene.output.write("at last").end();
    await settled();
    scene.attempts(COMPLETED, result(16));
    await log.done;
    expect(log.seen).toEqual(["1@0 at first at last", "1@16 exit 3"]);
  });

  test("is not reached any more though it runs the job, the reader is told to go elsewhere, in bounded time and tries", async () => {
    const scene = await new Scene().submitted();
    const log = scene.follow(1);
    await settled();
    scene.cluster.peers.disconnect(3);
    await scene.cluster.clock.advance(11_000);
    expect(await rejection(log.done)).toMatchObject({ code: "OUTPUT_UNREACHABLE", category: "unavailable" });
    expect(scene.cluster.store.listening).toBe(0);
    expect(scene.cluster.clock.timers).toBe(0);
  });

  test("was lost in mid-stream, how much it had is not known, which is said; then comes the next attempt", async () => {
    const scene = await new Scene().submitted();
    scene.output.write("part");
    const log = scene.follow(1);
    await settled();
    scene.cluster.peers.disconnect(3);
    scene.lost(3, true);
    scene.attempts(PENDING, NODE_LOST);
    await settled();
    scene.attempts(FAILED, NODE_LOST);
    await log.done;
    expect(log.seen).toEqual(["1@0 part", "1@4 rest lost", "1@0 exit 4"]);
  });

  test("is gone after the end, what was replicated takes its place: a gap, then the tail", async () => {
    const scene = await new Scene().submitted();
    scene.lost(3, true);
    scene.cluster.peers.disconnect(3);
    scene.attempts(COMPLETED, result(100, "the tail"));
    const from = async (request: Partial<JobRequest>): Promise<string[]> => {
      const log = scene.follow(2, request);
      await log.done;
      return log.seen.slice(0, -1);
    };
    expect(await from({})).toEqual(["1@0 gap 92", "1@92 the tail"]);
    expect(await from({ offset: 90 })).toEqual(["1@90 gap 2", "1@92 the tail"]);
    expect(await from({ offset: 96 })).toEqual(["1@96 tail"]);
    expect(await from({ offset: 100 })).toEqual([]);
    expect(await from({ tailBytes: 4 })).toEqual(["1@96 tail"]);
    expect(await from({ tailBytes: 1_000 })).toEqual(["1@0 gap 92", "1@92 the tail"]);
  });

  test("does not answer after the end and is not called lost yet, it is waited for a while", async () => {
    const scene = await new Scene().submitted();
    scene.cluster.peers.disconnect(3);
    scene.attempts(COMPLETED, result(3, "end"));
    const log = scene.follow(2);
    await scene.cluster.clock.advance(9_000);
    expect(log.seen).toEqual([]);
    await scene.cluster.clock.advance(3_000);
    await log.done;
    expect(log.seen).toEqual(["1@0 end", "1@3 exit 3"]);
  });

  test("holds nothing of it any more, what was replicated takes its place at once", async () => {
    const scene = await new Scene().submitted();
    scene.attempts(COMPLETED, result(10, "xyz"));
    const log = scene.follow(3);
    await log.done;
    expect(log.seen).toEqual(["1@0 gap 7", "1@7 xyz", "1@10 exit 3"]);
  });

  test("holds nothing of a tail that has no byte, the logs say all the same where it ended", async () => {
    const scene = await new Scene().submitted();
    scene.attempts(PENDING, result(0));
    const log = scene.follow(2, { tailBytes: 3 });
    await settled();
    expect(log.next).toEqual({ executionId: E1, attempt: 1, offset: 0 });
    scene.cluster.held.get(3)!.of(E1, 2).write("second");
    scene.attempts(RUNNING, result(0), undefined);
    const resumed = scene.follow(2, log.next);
    await settled();
    expect([log.seen, resumed.seen]).toEqual([["2@0 second"], ["2@0 second"]]);
  });

  test("does not know of it yet, it is asked again", async () => {
    const scene = await new Scene().submitted();
    const log = scene.follow(2);
    await settled();
    scene.output.write("late").end();
    await scene.cluster.clock.advance(100);
    scene.attempts(COMPLETED, result(4));
    await log.done;
    expect(log.seen).toEqual(["1@0 late", "1@4 exit 3"]);
  });
});
