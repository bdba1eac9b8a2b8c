import { expect, test } from "@jest/globals";
import { Succession } from "../src/succession.ts";
import { HandClock, settle } from "../../../packages/worker/test/hand-clock.ts";

function setUp(options: { leads?: boolean; voters?: number[]; failures?: number }) {
  const clock = new HandClock();
  const log: string[] = [];
  const raft = { leads: options.leads ?? true, failures: options.failures ?? 0, transfers: 0 };
  const succession = new Succession({
    raft: {
      status: () =>
        ({ role: raft.leads ? "leader" : "follower", configuration: { voters: options.voters ?? [1, 2, 3] } }) as never,
      transferLeadership: async () => {
        raft.transfers += 1;
        if (raft.transfers <= raft.failures) throw new Error("nobody took it in time");
        raft.leads = false;
        return 2;
      },
    },
    after: clock.after,
    logger: { info: (_, message) => log.push(message), warn: (_, message) => log.push(message) },
  });
  return { clock, log, raft, succession };
}

test("a leader hands over once", async () => {
  const { raft, log, succession } = setUp({});
  await succession.handOver();
  expect(raft.transfers).toBe(1);
  expect(log).toEqual(["handed leadership over"]);
  succession.close();
});

test.each([{ leads: false }, { voters: [1] }])("nobody is asked where there is nothing to hand over: %j", async (options) => {
  const { raft, succession } = setUp(options);
  await succession.handOver();
  expect(raft.transfers).toBe(0);
  succession.close();
});

test("a hand-over that fails is tried again while the node drains: until then the cluster takes no jobs", async () => {
  const { clock, raft, log, succession } = setUp({ failures: 2 });
  await succession.handOver();
  for (let n = 0; n < 2; n++) {
    clock.advance(500);
    await settle();
  }
  expect(raft).toMatchObject({ transfers: 3, leads: false });
  expect(log).toEqual(["leadership is not handed over yet; trying again while this node drains", "handed leadership over"]);
  succession.close();
});

test("a node that is elected again while it drains hands over again", async () => {
  const { clock, raft, succession } = setUp({});
  await succession.handOver();
  raft.leads = true;
  clock.advance(500);
  await settle();
  expect(raft.transfers).toBe(2);
  succession.close();
});

test("after the drain nothing is tried and no timer is left", async () => {
  const { clock, succession } = setUp({});
  await succession.handOver();
  succession.close();
  expect(clock.pending).toBe(0);
});
