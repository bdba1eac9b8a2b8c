import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  JobSummary,
  SchedulerServiceClient,
  SchedulerServiceService,
  SubmitJobRequest,
} from "@coxswain/protocol";
import type { SubmitJobResult, SubmitJobsRequest, SubmitJobsResponse } from "@coxswain/protocol";
import { schedulerServiceImplementation } from "../src/index.ts";
import type { SchedulerCalls } from "../src/index.ts";
import { collect, until } from "./calls.ts";
import { fakeService } from "./fake-service.ts";
import { TestPki } from "./pki.ts";
import { startServer } from "./server.ts";
import type { RunningServer } from "./server.ts";

let pki: TestPki;
const closers: { close(): void }[] = [];

beforeAll(async () => {
  pki = await TestPki.create(["node", "node-1"], ["client", "alice"]);
});

afterAll(() => {
  for (const closer of closers.reverse()) closer.close();
});

async function start(
  answers: Partial<SchedulerCalls>,
  maxJobsInFlight = 4,
): Promise<{ client: SchedulerServiceClient; server: RunningServer }> {
  const implementation = schedulerServiceImplementation(fakeService(answers), { maxJobsInFlight });
  const server = await startServer(pki.server("node-1"), [[SchedulerServiceService, implementation]]);
  const client = new SchedulerServiceClient(server.address, pki.channel("alice"));
  closers.push(server, client);
  return { client, server };
}

const message = (
  sequence: number,
  commands: readonly string[] = ["true"],
  padding = "",
): SubmitJobsRequest => ({
  sequence,
  jobs: commands.map((command) => SubmitJobRequest.fromPartial({ command: command + padding })),
});
const done = (jobs: readonly SubmitJobRequest[]): SubmitJobResult[] =>
  jobs.map(({ command }) => ({
    result: { $case: "job", value: { jobId: command.trim(), createdAtMs: 1, existed: false } },
  }));

describe("a stream of submits", () => {
  test("answers each message by its sequence, in the order of completion", async () => {
    const open = new Map<string, () => void>();
    const { client } = await start({
      submitJobs: (_, jobs) =>
        new Promise((resolve) =>
          open.set(jobs[0]?.command ?? "", () => {
            resolve(done(jobs));
          }),
        ),
    });
    const stream = client.submitJobs();
    const answers = collect(stream);
    for (const [sequence, command] of ["slow", "fast"].entries()) stream.write(message(sequence, [command]));
    stream.end();
    await until(() => open.size === 2);
    open.get("fast")?.();
    await new Promise<void>((resolve) =>
      stream.once("data", () => {
        resolve();
      }),
    );
    open.get("slow")?.();
    expect((await answers).map(({ sequence }) => sequence)).toEqual([1, 0]);
  });

  test("goes on after a message that fails, and tells each of its jobs why", async () => {
    const full = Object.assign(new Error("try later"), { code: "TOO_MANY_PROPOSALS", category: "exhausted" });
    const { client } = await start({
      submitJobs: (_, jobs) =>
        jobs[0]?.command === "bad" ? Promise.reject(full) : Promise.resolve(done(jobs)),
    });
    const stream = client.submitJobs();
    const answers = collect(stream);
    stream.write(message(1, ["bad", "other"]));
    stream.write(message(2, ["good"]));
    stream.end();
    const bySequence = new Map((await answers).map(({ sequence, results }) => [sequence, results]));
    const error = {
      result: {
        $case: "error",
        value: { code: "TOO_MANY_PROPOSALS", category: "exhausted", message: "try later" },
      },
    };
    expect(bySequence.get(1)).toMatchObject([error, error]);
    expect(bySequence.get(2)).toMatchObject([{ result: { $case: "job", value: { jobId: "good" } } }]);
  });

  test("has only so many jobs at work; the client's further messages wait", async () => {
    const open: (() => void)[] = [];
    let most = 0;
    let atWork = 0;
    const { client } = await start({
      submitJobs: (_, jobs) => {
        atWork += jobs.length;
        most = Math.max(most, atWork);
        return new Promise((resolve) =>
          open.push(() => {
            atWork -= jobs.length;
            resolve(done(jobs));
          }),
        );
      },
    });
    const stream = client.submitJobs();
    const answers = collect(stream);
    for (let sequence = 0; sequence < 20; sequence++) stream.write(message(sequence, ["a", "b"]));
    stream.end();
    await until(() => open.length === 2);
    const opening = setInterval(() => open.shift()?.(), 1);
    expect(await answers).toHaveLength(20);
    clearInterval(opening);
    expect(most).toBe(4);
  });

  test("holds back a client that floods it: the client's write says stop, and the server's memory stays", async () => {
    let taken = 0;
    const { client } = await start({
      submitJobs: () => {
        taken++;
        return new Promise(() => {});
      },
    });
    const stream = client.submitJobs();
    stream.on("error", () => {});
    let sent = 0;
    const padding = "x".repeat(60_000);
    while (stream.write(message(sent++, ["a"], padding)) && sent < 1_000);
    expect(sent).toBeLessThan(1_000);
    await until(() => taken === 4);
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(taken).toBe(4);
    stream.cancel();
  });

  test("whose client vanishes is let go, and the server goes on", async () => {
    const open: (() => void)[] = [];
    const { client } = await start({
      submitJobs: (_, jobs) =>
        new Promise((resolve) =>
          open.push(() => {
            resolve(done(jobs));
          }),
        ),
    });
    const stream = client.submitJobs();
    const over = new Promise((resolve) => stream.on("error", resolve));
    stream.write(message(1));
    await until(() => open.length === 1);
    stream.cancel();
    await over;
    open.shift()?.();
    const again = client.submitJobs();
    const answers: Promise<SubmitJobsResponse[]> = collect(again);
    again.write(message(2));
    again.end();
    await until(() => open.length === 1);
    open.shift()?.();
    expect(await answers).toHaveLength(1);
  });
});

describe("a stream of jobs", () => {
  const line = "x".repeat(10_000);

  test("is read no faster than the client takes it, and is left when the client leaves", async () => {
    let given = 0;
    let left = false;
    async function* endless(): AsyncGenerator<JobSummary, void, undefined> {
      try {
        for (;;)
          yield await Promise.resolve(JobSummary.fromPartial({ jobId: String(given++), command: line }));
      } finally {
        left = true;
      }
    }
    const { client } = await start({ streamJobs: endless });
    const stream = client.streamJobs({ statusFilter: 0 });
    stream.on("error", () => {});
    await new Promise<void>((resolve) =>
      stream.once("data", () => {
        stream.pause();
        resolve();
      }),
    );
    let before = -1;
    while (before !== given) {
      before = given;
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    // What fits into the windows and buffers on the way, and not what an endless source could give.
    expect(given * line.length).toBeLessThan(20_000_000);
    stream.cancel();
    await until(() => left);
  });
});
