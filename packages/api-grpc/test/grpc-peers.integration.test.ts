import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { CallerIdentity, PeerAnswers } from "@coxswain/job-service";
import { peersSuite } from "@coxswain/job-service/suite";
import type { PeersFixture } from "@coxswain/job-service/suite";
import { InternalServiceClient, InternalServiceService, SubmitJobRequest } from "@coxswain/protocol";
import { GrpcPeers, internalServiceImplementation, NodeClients } from "../src/index.ts";
import { ask } from "./calls.ts";
import { fakeHandlers } from "./fake-handlers.ts";
import { TestPki } from "./pki.ts";
import { startServer } from "./server.ts";

let pki: TestPki;
const closers: { close(): void }[] = [];

beforeAll(async () => {
  pki = await TestPki.create(["node", "node-1"], ["node", "node-2"], ["client", "alice"]);
});

afterAll(() => {
  for (const closer of closers.reverse()) closer.close();
});

interface Fixture extends PeersFixture {
  readonly address: string;
}

async function overGrpc(answers: Partial<PeerAnswers>, certificate = "node-1"): Promise<Fixture> {
  const server = await startServer(pki.server("node-2"), [
    [InternalServiceService, internalServiceImplementation(fakeHandlers(answers))],
  ]);
  const clients = new NodeClients({
    addressOf: (nodeId) => (nodeId === 2 ? server.address : undefined),
    credentials: () => pki.channel(certificate),
  });
  const stop = (): void => {
    server.close();
  };
  const close = (): void => {
    clients.close();
    stop();
  };
  closers.push({ close });
  return { peers: new GrpcPeers({ nodeId: 1, clients }), address: server.address, stop, close };
}

const alice: CallerIdentity = { name: "alice", role: "client" };
const request = SubmitJobRequest.fromPartial({ command: "echo hello", jobId: "a" });
const limits = (timeoutMs = 5_000) => ({ timeoutMs, signal: new AbortController().signal });

async function refusal(
  promise: Promise<unknown>,
): Promise<{ code?: string; category?: string; message?: string; leader?: number }> {
  return await promise.then(
    () => {
      throw new Error("should have been refused");
    },
    (error: unknown) => error as object,
  );
}

peersSuite("peers over gRPC", overGrpc, { test });

describe("over gRPC", () => {
  test("a call that takes too long has an unknown outcome", async () => {
    const { peers } = await overGrpc({ forward: () => new Promise(() => {}) });
    expect(await refusal(peers.forward(2, alice, "submitJob", request, limits(50)))).toMatchObject({
      category: "unknown-outcome",
    });
  });

  test("a connection that breaks under way leaves the outcome unknown", async () => {
    let arrived = () => {};
    const arrival = new Promise<void>((resolve) => (arrived = resolve));
    const { peers, stop } = await overGrpc({
      forward: () => {
        arrived();
        return new Promise(() => {});
      },
    });
    const error = refusal(peers.forward(2, alice, "submitJob", request, limits()));
    await arrival;
    stop();
    expect(await error).toMatchObject({ category: "unknown-outcome" });
  });

  test("output is not waited for at a node that takes the connection and says nothing, as when it is stopped", async () => {
    const sockets: Socket[] = [];
    const stopped = createServer((socket) => sockets.push(socket)).listen(0, "127.0.0.1");
    await once(stopped, "listening");
    const { port } = stopped.address() as AddressInfo;
    const clients = new NodeClients({
      addressOf: () => `127.0.0.1:${String(port)}`,
      credentials: () => pki.channel("node-1"),
    });
    const peers = new GrpcPeers({ nodeId: 1, clients, answerTimeoutMs: 50 });
    const { signal } = new AbortController();
    try {
      const output = { executionId: "a.1.1", attempt: 1, noFollow: false };
      const pieces = peers.streamOutput(2, output, { signal })[Symbol.asyncIterator]();
      expect(await refusal(pieces.next())).toMatchObject({ category: "unknown-outcome" });
    } finally {
      for (const socket of sockets) socket.destroy();
      clients.close();
      stopped.close();
    }
  });

  test("the deadline travels along", async () => {
    const deadlines: (number | undefined)[] = [];
    const { peers } = await overGrpc({
      forward: (_caller, _method, _request, { deadlineMs }) => {
        deadlines.push(deadlineMs);
        return Promise.resolve({ jobId: "a", createdAtMs: 1, existed: false } as never);
      },
    });
    const sentMs = Date.now();
    await peers.forward(2, alice, "submitJob", request, limits(3_000));
    expect(Math.abs((deadlines[0] ?? 0) - sentMs - 3_000)).toBeLessThan(500);
  });

  test("that this node's certificate is no node's is not the caller's fault", async () => {
    const { peers } = await overGrpc({}, "alice");
    expect(await refusal(peers.forward(2, alice, "submitJob", request, limits()))).toMatchObject({
      code: "PEER_REFUSED",
      category: "internal",
    });
  });

  test("a node speaks for clients and admins, and for no path that is not forwarded", async () => {
    const { address } = await overGrpc({});
    const client = new InternalServiceClient(address, pki.channel("node-1"));
    closers.push(client);
    const path = "/coxswain.v1.SchedulerService/SubmitJob";
    const forward = async (caller: { name: string; role: string } | undefined, to: string) => {
      const { result } = await ask(client.forward.bind(client), {
        caller,
        path: to,
        request: new Uint8Array(),
        fromNodeId: 1,
      });
      return result?.$case === "error" ? result.value.code : result?.$case;
    };
    expect(await forward(alice, path)).toBe("response");
    expect(await forward(undefined, path)).toBe("CALLER_MISSING");
    expect(await forward({ name: "", role: "admin" }, path)).toBe("CALLER_MISSING");
    expect(await forward({ name: "node-1", role: "node" }, path)).toBe("CALLER_MISSING");
    expect(await forward(alice, "/coxswain.v1.SchedulerService/StreamJobs")).toBe("NOT_FORWARDABLE");
    expect(await forward(alice, "/coxswain.v1.InternalService/RegisterNode")).toBe("NOT_FORWARDABLE");
    expect(await forward(alice, "constructor")).toBe("NOT_FORWARDABLE");
  });

  test("renewing the connections disturbs no call that is under way", async () => {
    let answer: () => void = () => {};
    let arrived: () => void = () => {};
    const arrival = new Promise<void>((resolve) => (arrived = resolve));
    const forward = (): Promise<never> => {
      arrived();
      return new Promise(
        (resolve) =>
          (answer = () => {
            resolve({ jobId: "a", createdAtMs: 1, existed: false } as never);
          }),
      );
    };
    const server = await startServer(pki.server("node-2"), [
      [InternalServiceService, internalServiceImplementation(fakeHandlers({ forward }))],
    ]);
    const clients = new NodeClients({
      addressOf: () => server.address,
      credentials: () => pki.channel("node-1"),
    });
    closers.push(server, clients);
    const call = new GrpcPeers({ nodeId: 1, clients }).forward(2, alice, "submitJob", request, limits());
    await arrival;
    clients.renew();
    answer();
    expect(await call).toMatchObject({ jobId: "a" });
  });

  test("connections are closed for good by close(), and made anew after renew()", async () => {
    const server = await startServer(pki.server("node-2"), [
      [InternalServiceService, internalServiceImplementation(fakeHandlers())],
    ]);
    let made = 0;
    const clients = new NodeClients({
      addressOf: () => server.address,
      credentials: () => {
        made++;
        return pki.channel("node-1");
      },
    });
    const peers = new GrpcPeers({ nodeId: 1, clients });
    await peers.output(2, "a", 1, 1, limits());
    await peers.output(2, "a", 1, 1, limits());
    expect(made).toBe(1);
    clients.renew();
    await peers.output(2, "a", 1, 1, limits());
    expect(made).toBe(2);
    clients.close();
    clients.close();
    expect(await refusal(peers.output(2, "a", 1, 1, limits()))).toMatchObject({
      code: "LINK_CLOSED",
      category: "unavailable",
    });
    server.close();
  });
});
