import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  ClusterServiceClient,
  ClusterServiceService,
  InternalServiceClient,
  InternalServiceService,
  JobRequest,
  JobWorkerClient,
  JobWorkerService,
  SchedulerServiceClient,
  SchedulerServiceService,
  SubmitJobRequest,
} from "@coxswain/protocol";
import { insecureServerCredentials } from "@coxswain/rpc";
import { ChannelCredentials, Client, Metadata, status } from "@grpc/grpc-js";
import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";
import {
  clusterServiceImplementation,
  internalServiceImplementation,
  jobWorkerServiceImplementation,
  schedulerServiceImplementation,
} from "../src/index.ts";
import { ask, collect, failure } from "./calls.ts";
import { fakeHandlers } from "./fake-handlers.ts";
import { fakeService } from "./fake-service.ts";
import { TestPki } from "./pki.ts";
import { startServer } from "./server.ts";
import type { RunningServer } from "./server.ts";

const service = fakeService();
let pki: TestPki;
let running: RunningServer;
const clients: Client[] = [];

const definitions: readonly ServiceDefinition[] = [
  SchedulerServiceService,
  JobWorkerService,
  ClusterServiceService,
  InternalServiceService,
];

function services() {
  return [
    [SchedulerServiceService, schedulerServiceImplementation(service)],
    [JobWorkerService, jobWorkerServiceImplementation(service)],
    [ClusterServiceService, clusterServiceImplementation(service)],
    [InternalServiceService, internalServiceImplementation(fakeHandlers())],
  ] as const;
}

beforeAll(async () => {
  pki = await TestPki.create(["node", "node-1"], ["client", "alice"], ["client", "bob"], ["admin", "root"]);
  running = await startServer(pki.server("node-1"), services());
});

afterAll(() => {
  for (const client of clients) client.close();
  running.close();
});

function keep<T extends Client>(client: T): T {
  clients.push(client);
  return client;
}

const scheduler = (name: string): SchedulerServiceClient =>
  keep(new SchedulerServiceClient(running.address, pki.channel(name)));

/** The code that any method fails with, when it is sent an empty message. */
function codeOf(client: Client, method: MethodDefinition<unknown, unknown>): Promise<status> {
  const serialize = () => Buffer.alloc(0);
  const stream = client.makeBidiStreamRequest(method.path, serialize, (bytes) => bytes);
  return new Promise((resolve) => {
    stream.on("data", () => {});
    stream.on("error", () => {});
    stream.on("status", ({ code }: { code: status }) => {
      resolve(code);
    });
    stream.write({});
    stream.end();
  });
}

describe("the caller is who the certificate says", () => {
  test.each([
    ["alice", "client"],
    ["root", "admin"],
  ])("%s is a %s", async (name, role) => {
    await ask(
      scheduler(name).submitJob.bind(scheduler(name)),
      SubmitJobRequest.fromPartial({ command: "true" }),
    );
    expect(service.seen.at(-1)).toMatchObject({ method: "submitJob", caller: { name, role } });
  });

  test("whatever metadata or fields say otherwise", async () => {
    const metadata = new Metadata();
    for (const key of ["owner", "cox-owner", "caller", "x-forwarded-user", "role"])
      metadata.set(key, "alice");
    const client = scheduler("bob");
    await ask(
      client.listJobs.bind(client),
      {
        pageSize: 0,
        pageToken: "",
        statusFilter: 0,
        workerIdFilter: 0,
        commandFilter: "",
        createdAfterMs: 0,
        createdBeforeMs: 0,
        stale: false,
        ownerFilter: "alice",
      },
      metadata,
    );
    expect(service.seen.at(-1)?.caller).toEqual({ name: "bob", role: "client" });
  });

  test("in the job worker's calls as well, whatever owner the request names", async () => {
    const worker = keep(new JobWorkerClient(running.address, pki.channel("bob")));
    const metadata = new Metadata();
    metadata.set("owner", "alice");
    const request = JobRequest.fromPartial({ id: "a", env: { owner: "alice" } });
    for (const method of ["start", "stop", "status"] as const) {
      await ask<JobRequest, unknown>(worker[method].bind(worker) as never, request, metadata);
      expect(service.seen.at(-1)).toMatchObject({ method, caller: { name: "bob", role: "client" } });
    }
    await collect(worker.logs(request, metadata));
    expect(service.seen.at(-1)).toMatchObject({ method: "logs", caller: { name: "bob", role: "client" } });
  });

  test("on streams as well", async () => {
    const stream = scheduler("bob").streamJobs({ statusFilter: 0 });
    await new Promise((resolve) => {
      stream.on("data", () => {});
      stream.on("end", resolve);
    });
    expect(service.seen.at(-1)).toMatchObject({ method: "streamJobs", caller: { name: "bob" } });
  });
});

test("a deadline comes through, so that nobody works for a caller who has left", async () => {
  const client = scheduler("alice");
  const deadline = Date.now() + 2_000;
  await ask(client.deleteJob.bind(client), { jobId: "a", requestId: "" }, new Metadata(), { deadline });
  expect(Math.abs((service.seen.at(-1)?.options?.deadlineMs ?? 0) - deadline)).toBeLessThan(1_000);
});

describe("no method of any service answers a caller it does not know", () => {
  test("without a certificate: UNAUTHENTICATED", async () => {
    const open = await startServer(insecureServerCredentials(), services());
    const client = new Client(open.address, ChannelCredentials.createInsecure());
    for (const method of definitions.flatMap((definition) => Object.values(definition))) {
      expect([method.path, await codeOf(client, method)]).toEqual([method.path, status.UNAUTHENTICATED]);
    }
    client.close();
    open.close();
  });
});

describe("InternalService is for nodes", () => {
  test.each(["alice", "root"])("%s gets PERMISSION_DENIED from every method", async (name) => {
    const client = keep(new Client(running.address, pki.channel(name)));
    for (const method of Object.values(InternalServiceService) as MethodDefinition<unknown, unknown>[]) {
      expect([method.path, await codeOf(client, method)]).toEqual([method.path, status.PERMISSION_DENIED]);
    }
  });

  test("a node gets answers", async () => {
    const client = keep(new InternalServiceClient(running.address, pki.channel("node-1")));
    expect(
      await ask(client.heartbeat.bind(client), { nodeId: 1, incarnation: 1, timeMs: 0, leaving: false }),
    ).toMatchObject({ leaseMs: 5_000 });
  });
});

describe("a server stays alive", () => {
  const alive = async (): Promise<void> => {
    const client = keep(new ClusterServiceClient(running.address, pki.channel("alice")));
    expect(await ask(client.getClusterStatus.bind(client), { stale: false })).toMatchObject({ nodeId: 1 });
  };

  test("after a request of 5 MB, which is RESOURCE_EXHAUSTED", async () => {
    const client = scheduler("alice");
    const request = SubmitJobRequest.fromPartial({ command: "x".repeat(5_000_000) });
    expect(await failure(ask(client.submitJob.bind(client), request))).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
    });
    await alive();
  });

  test("after handlers that throw, which is INTERNAL and tells nothing", async () => {
    const secret = () => Promise.reject(new Error("the password is swordfish"));
    const errors: unknown[] = [];
    const broken = await startServer(pki.server("node-1"), [
      [
        SchedulerServiceService,
        schedulerServiceImplementation(
          fakeService({
            submitJob: secret,
            streamJobs: () => {
              throw new Error("swordfish");
            },
            submitJobs: secret,
          }),
          { onError: (error) => errors.push(error) },
        ),
      ],
      [
        InternalServiceService,
        internalServiceImplementation(fakeHandlers({ forward: secret }), {
          onError: (error) => errors.push(error),
        }),
      ],
    ]);
    const client = keep(new SchedulerServiceClient(broken.address, pki.channel("alice")));
    for (let again = 0; again < 2; again++) {
      const error = await failure(
        ask(client.submitJob.bind(client), SubmitJobRequest.fromPartial({ command: "true" })),
      );
      expect(error).toMatchObject({
        code: status.INTERNAL,
        typed: { code: "INTERNAL", category: "internal" },
      });
      expect(error.details).not.toMatch(/swordfish/);
    }
    expect(
      await codeOf(client, SchedulerServiceService.streamJobs as MethodDefinition<unknown, unknown>),
    ).toBe(status.INTERNAL);
    const internal = keep(new InternalServiceClient(broken.address, pki.channel("node-1")));
    const { result } = await ask(internal.forward.bind(internal), {
      caller: { name: "alice", role: "client" },
      path: "/coxswain.v1.SchedulerService/DeleteJob",
      request: new Uint8Array(),
      fromNodeId: 1,
    });
    expect(result).toMatchObject({
      $case: "error",
      value: { code: "INTERNAL", category: "internal", message: expect.not.stringMatching(/swordfish/) },
    });
    expect(errors).toHaveLength(4);
    broken.close();
  });
});
