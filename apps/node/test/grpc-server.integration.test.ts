import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Metadata, setLogger, status } from "@grpc/grpc-js";
import type { ServiceError } from "@grpc/grpc-js";
import {
  ClusterServiceClient,
  ClusterServiceService,
  GetClusterStatusResponse,
  SchedulerServiceClient,
  SchedulerServiceService,
  StreamJobsRequest,
} from "@coxswain/protocol";
import { insecureChannelCredentials, localAdmin, wrapUnary } from "@coxswain/rpc";
import { GrpcServer } from "../src/grpc-server.ts";
import { limitsOf } from "./nodes.ts";

const open = (waiting: () => string): GrpcServer =>
  new GrpcServer({ limits: limitsOf([]), material: undefined, waitingFor: waiting, onEvent: () => {} });
// A failed listen is a claim here; grpc-js would print it.
setLogger({ error: () => {} });

let server: GrpcServer;
let waitingFor = "it waits for the founding members 1, 2, 3";

beforeEach(async () => {
  server = open(() => waitingFor);
  server.serveStarting([SchedulerServiceService, ClusterServiceService]);
  await server.listen("127.0.0.1:0");
});
afterEach(() => server.close());

const statusOf = (client: ClusterServiceClient): Promise<ServiceError | undefined> =>
  new Promise((resolve) => client.getClusterStatus({ stale: true }, (error) => resolve(error ?? undefined)));

test("the address says which port was taken", () => {
  expect(server.address).toMatch(/^127\.0\.0\.1:[1-9]\d+$/);
});

test("while the node starts, a call is UNAVAILABLE with a code, and says what the node waits for at that moment", async () => {
  const client = new ClusterServiceClient(server.address, insecureChannelCredentials());
  const error = await statusOf(client);
  expect(error).toMatchObject({ code: status.UNAVAILABLE, details: expect.stringContaining("founding members 1, 2, 3") });
  expect(error?.metadata.get("cox-error-code")).toEqual(["NODE_STARTING"]);
  waitingFor = "it opens its state";
  expect((await statusOf(client))?.details).toContain("it opens its state");
  client.close();
});

test("streams are refused the same way, in both directions", async () => {
  const client = new SchedulerServiceClient(server.address, insecureChannelCredentials());
  const ended = (stream: { on(event: "error", listener: (error: ServiceError) => void): unknown }): Promise<ServiceError> =>
    new Promise((resolve) => stream.on("error", resolve));
  const down = client.streamJobs(StreamJobsRequest.fromPartial({}), new Metadata());
  down.resume();
  const both = client.submitJobs();
  both.resume();
  for (const error of await Promise.all([ended(down), ended(both)]))
    expect(error).toMatchObject({ code: status.UNAVAILABLE, details: expect.stringContaining("The node is starting") });
  client.close();
});

test("a service that is ready takes the place of the refusals", async () => {
  server.serve({
    definition: ClusterServiceService,
    implementation: {
      ...Object.fromEntries(Object.keys(ClusterServiceService).map((name) => [name, () => {}])),
      getClusterStatus: (_call: unknown, callback: (error: null, response: object) => void) => callback(null, GetClusterStatusResponse.fromPartial({})),
    },
  });
  const client = new ClusterServiceClient(server.address, insecureChannelCredentials());
  expect(await statusOf(client)).toBeUndefined();
  client.close();
});

test("case 6: a handler that rejects is INTERNAL to its caller, without the reason, and the server lives", async () => {
  let fails = true;
  const failing = wrapUnary(
    (): Promise<GetClusterStatusResponse> =>
      fails ? Promise.reject(new Error("s3cret")) : Promise.resolve(GetClusterStatusResponse.fromPartial({})),
    { insecurePeer: localAdmin },
  );
  const rest = Object.fromEntries(Object.keys(ClusterServiceService).map((name) => [name, () => {}]));
  server.serve({ definition: ClusterServiceService, implementation: { ...rest, getClusterStatus: failing } });
  const client = new ClusterServiceClient(server.address, insecureChannelCredentials());
  expect(await statusOf(client)).toMatchObject({ code: status.INTERNAL, details: expect.not.stringContaining("s3cret") });
  fails = false;
  expect(await statusOf(client)).toBeUndefined();
  client.close();
});

test("an address that is taken is named, with what to do", async () => {
  const second = open(() => "");
  await expect(second.listen(server.address)).rejects.toMatchObject({
    code: "LISTEN_FAILED",
    message: expect.stringMatching(/Cannot listen on 127\.0\.0\.1:\d+.*--listen/s),
  });
  await second.close();
});

test("closing cuts calls that do not end by themselves", async () => {
  server.serve({
    definition: ClusterServiceService,
    implementation: Object.fromEntries(Object.keys(ClusterServiceService).map((name) => [name, () => {}])),
  });
  const client = new ClusterServiceClient(server.address, insecureChannelCredentials());
  const never = statusOf(client);
  await new Promise((resolve) => client.waitForReady(Date.now() + 5_000, resolve));
  await server.close();
  expect(await never).toMatchObject({ code: expect.any(Number) });
  client.close();
});
