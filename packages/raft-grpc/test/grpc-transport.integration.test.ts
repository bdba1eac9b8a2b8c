import { afterEach, describe, expect, test } from "@jest/globals";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import type { Member, Message, SnapshotMeta } from "@coxswain/raft-core";
import { insecureChannelCredentials, PermissionDeniedError } from "@coxswain/rpc";
import type { RaftServiceOptions } from "../src/index.ts";
import { identifyPeer } from "../src/index.ts";
import { identityOf, member, Pier, Ship } from "./harbour.ts";

const META: SnapshotMeta = {
  index: 20,
  term: 3,
  configuration: { voters: [1, 2], votersOutgoing: [], learners: [] },
  featureLevel: 1,
};
const closing: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function pier(id: number, options: Partial<RaftServiceOptions> = {}, port = 0): Promise<Pier> {
  const opened = await new Pier(id, options).listen(port);
  closing.push(() => opened.close());
  return opened;
}

function ship(id: number, members: Member[], options: ConstructorParameters<typeof Ship>[2] = {}): Ship {
  const opened = new Ship(id, members, options);
  closing.push(() => opened.transport.close());
  return opened;
}

function heartbeat(term: number, from = 1, to = 2): Message {
  return { type: "heartbeatRequest", from, to, term, leaderCommit: 0, readContext: 0 };
}

/** Node 2 at a pier, and node 1 that knows where it is. */
async function pair(service: Partial<RaftServiceOptions> = {}, options: ConstructorParameters<typeof Ship>[2] = {}) {
  const at = await pier(2, service);
  const members = [member(1, "127.0.0.1:1"), member(2, at.address)];
  const two = ship(2, members);
  at.transport = two.transport;
  const one = ship(1, members, options);
  return { at, members, one, two, received: inbox(two) };
}

/** The messages that arrive, and a way to wait for a number of them. */
function inbox({ transport }: Ship): { messages: Message[]; batches: number[]; count(count: number): Promise<void> } {
  const messages: Message[] = [];
  const batches: number[] = [];
  let wake = (): void => {};
  transport.onMessages((batch) => {
    messages.push(...batch);
    batches.push(batch.length);
    wake();
  });
  const count = async (expected: number): Promise<void> => {
    while (messages.length < expected) await new Promise<void>((resolve) => (wake = resolve));
  };
  return { messages, batches, count };
}

describe("messages", () => {
  test("sent before the connection stands arrive, in order and in one write", async () => {
    const { one, received } = await pair();
    for (let term = 1; term <= 500; term++) one.transport.send([heartbeat(term)]);
    await received.count(500);
    expect(received.messages.map(({ term }) => term)).toEqual(Array.from({ length: 500 }, (_, at) => at + 1));
    expect(received.batches).toEqual([500]);
    expect(one.transport.status()).toEqual([{ id: 2, connected: true, queuedMessages: 0, queuedBytes: 0, droppedMessages: 0 }]);
  });

  test("sent in many turns while writes are under way travel in far fewer writes", async () => {
    const { one, received } = await pair();
    one.transport.send([heartbeat(1)]);
    await received.count(1);
    for (let turn = 0; turn < 2_000; turn++) {
      one.transport.send([heartbeat(turn)]);
      if (turn % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await received.count(2_001);
    expect(received.batches.length).toBeLessThan(700);
  });

  test("go on after the peer was restarted at its address", async () => {
    const { at, one, members, received } = await pair();
    one.transport.send([heartbeat(1)]);
    await received.count(1);
    const before = one.events.length;
    at.close();
    expect((await one.event("peerLost", before)).retryMs).toBeLessThanOrEqual(50);
    const again = await pier(2, {}, at.port);
    const two = ship(2, members);
    again.transport = two.transport;
    const mail = inbox(two);
    await one.event("peerConnected", before);
    one.transport.send([heartbeat(2)]);
    await mail.count(1);
    expect(mail.messages).toEqual([heartbeat(2)]);
  });

  test("for a dead peer are bounded and counted", async () => {
    const members = [member(1, "127.0.0.1:1"), member(2, "127.0.0.1:1")];
    const one = ship(1, members, { settings: { maxQueuedMessages: 10 } });
    for (let term = 1; term <= 1_000; term++) one.transport.send([heartbeat(term)]);
    expect(one.transport.status()[0]).toMatchObject({ connected: false, queuedMessages: 10, droppedMessages: 990 });
    await one.event("peerLost");
    expect(one.transport.status()[0]).toMatchObject({ queuedMessages: 0, droppedMessages: 1_000 });
    one.transport.renew();
    expect([one.transport.status(), one.transport.droppedMessages()]).toEqual([[], 1_000]);
  });

  test("for a peer that accepts connections and says nothing are given up in time, and leave no socket behind", async () => {
    const mute = createServer((socket) => void socket.on("error", () => {}).resume());
    mute.listen(0, "127.0.0.1");
    await once(mute, "listening");
    const { port } = mute.address() as AddressInfo;
    const one = ship(1, [member(2, `127.0.0.1:${port}`)], { settings: { acceptTimeoutMs: 50 } });
    one.transport.send([heartbeat(1)]);
    for (let tries = 0; tries < 3; tries++) {
      const before = one.events.length;
      expect((await one.event("peerLost", before)).error.code).toBe("PEER_TIMEOUT");
    }
    await expect(sendTo(one, 2)).rejects.toMatchObject({ code: "PEER_TIMEOUT" });
    const asked = identifyPeer(`127.0.0.1:${port}`, insecureChannelCredentials(), { nodeId: 1, nodeUuid: "u" }, { timeoutMs: 50 });
    // Which of the two limits ends it first, its own or that of the connection, is a matter of load.
    await expect(asked).rejects.toMatchObject({ code: expect.stringMatching(/^(DEADLINE_EXCEEDED|UNREACHABLE)$/) });
    await one.transport.close();
    // It closes only when every connection has ended.
    mute.close();
    await once(mute, "close");
  });

  test("for a peer that falls silent end with the connection, so that it is noticed", async () => {
    const { at } = await pair();
    const line = createServer((socket) => {
      const far = connect(at.port, "127.0.0.1");
      socket.pipe(far).pipe(socket);
      for (const end of [socket, far]) end.on("error", () => {});
      cut = () => void socket.unpipe(far).pause();
    });
    let cut = (): void => {};
    line.listen(0, "127.0.0.1");
    await once(line, "listening");
    closing.push(() => void line.close());
    const { port } = line.address() as AddressInfo;
    const one = ship(1, [member(2, `127.0.0.1:${port}`)], { settings: { keepaliveMs: 50, keepaliveTimeoutMs: 50 } });
    one.transport.send([heartbeat(1)]);
    await one.event("peerConnected");
    cut();
    expect((await one.event("peerLost")).error.code).toBe("CONNECTION_LOST");
  });

  test("for an address or credentials that cannot be used neither throw nor stop the process", async () => {
    const broken = () => {
      throw new Error("no certificate");
    };
    const one = ship(1, [member(2, "127.0.0.1:1")], { credentials: broken });
    one.transport.send([heartbeat(1)]);
    for (let tries = 0; tries < 2; tries++) {
      const lost = await one.event("peerLost", tries);
      expect(lost.error).toMatchObject({ code: "PEER_UNUSABLE", cause: expect.objectContaining({ message: "no certificate" }) });
    }
  });

  test("whose listener throws end the stream and are told, not the process", async () => {
    const told: unknown[] = [];
    const { one, two } = await pair({ onError: (error) => told.push(error) });
    const boom = new Error("listener broke");
    two.transport.onMessages(() => {
      throw boom;
    });
    one.transport.send([heartbeat(1)]);
    expect((await one.event("peerLost")).error.code).toBe("INTERNAL");
    expect(told).toEqual([boom]);
  });

  test("a second stream of a peer takes the place of the first", async () => {
    const { one, members, received } = await pair();
    one.transport.send([heartbeat(1)]);
    await received.count(1);
    const restarted = ship(1, members);
    restarted.transport.send([heartbeat(2)]);
    await received.count(2);
    expect((await one.event("peerLost")).error).toMatchObject({ code: "STREAM_REPLACED", category: "conflict" });
  });
});

describe("a handshake is refused, and the sender told why,", () => {
  const self = { id: 1, uuid: "uuid-1", clusterId: "cluster-1" };

  test.each([
    ["from a foreign cluster", { self: { ...self, clusterId: "cluster-2" } }, "FOREIGN_CLUSTER", "conflict"],
    ["from a wiped disk", { self: { ...self, uuid: "uuid-new" } }, "WRONG_UUID", "denied"],
    ["from a stranger", { self: { ...self, id: 9 } }, "UNKNOWN_MEMBER", "denied"],
  ])("%s", async (_who, options, code, category) => {
    const { one, received } = await pair({}, options);
    one.transport.send([heartbeat(1, options.self.id)]);
    expect((await one.event("peerLost")).error).toMatchObject({ code, category });
    await expect(sendTo(one, 2)).rejects.toMatchObject({ code, category });
    expect(received.messages).toEqual([]);
  });

  test("for another node", async () => {
    const { at } = await pair();
    const one = ship(1, [member(3, at.address)]);
    one.transport.send([heartbeat(1, 1, 3)]);
    expect((await one.event("peerLost")).error).toMatchObject({ code: "WRONG_RECIPIENT" });
  });

  test("by a node that belongs to no cluster yet, which still says who it is", async () => {
    const at = await pier(2);
    const one = ship(1, [member(2, at.address)]);
    one.transport.send([heartbeat(1)]);
    expect((await one.event("peerLost")).error).toMatchObject({ code: "NOT_READY", category: "unavailable" });
    const asked = identifyPeer(at.address, insecureChannelCredentials(), { nodeId: 1, nodeUuid: "uuid-1" });
    await expect(asked).resolves.toEqual(identityOf(2));
  });

  test("when the certificate may not speak for the member", async () => {
    const { one } = await pair({
      authorizeMember: (caller, { id }) => {
        throw new PermissionDeniedError(`${caller.name} is not node ${id}`);
      },
    });
    one.transport.send([heartbeat(1)]);
    expect((await one.event("peerLost")).error).toMatchObject({ code: "PERMISSION_DENIED", message: "local is not node 1" });
  });

  test("and messages in another's name end the stream", async () => {
    const { one, received } = await pair();
    one.transport.send([heartbeat(1, 7)]);
    expect((await one.event("peerLost")).error.code).toBe("PROTOCOL_VIOLATION");
    expect(received.messages).toEqual([]);
  });
});

test("callers without a certificate are refused unless the server says otherwise", async () => {
  const at = await new Pier(2, { insecurePeer: undefined as never }).listen();
  closing.push(() => at.close());
  await expect(identifyPeer(at.address, insecureChannelCredentials(), { nodeId: 1, nodeUuid: "u" })).rejects.toMatchObject({
    code: "UNAUTHENTICATED",
  });
});

test("a node that does not answer is not waited for", async () => {
  const asked = identifyPeer("127.0.0.1:1", insecureChannelCredentials(), { nodeId: 1, nodeUuid: "u" });
  await expect(asked).rejects.toMatchObject({ category: "unavailable" });
});

describe("snapshots", () => {
  test("of a sender that is faster than the receiver wait at the sender, and messages pass", async () => {
    const { one, two, received } = await pair();
    const chunk = new Uint8Array(65_536);
    let produced = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      for (; produced < 1_000; produced++) yield chunk;
    }
    let taken = 0;
    let go: () => void = () => {};
    const held = new Promise<void>((resolve) => (go = resolve));
    const started = new Promise<void>((resolve) => {
      two.transport.onSnapshot(async ({ chunks }) => {
        for await (const piece of chunks) {
          taken += piece.length;
          resolve();
          await held;
        }
      });
    });
    const sent = one.transport.sendSnapshot(2, 1, META, source(), new AbortController().signal);
    await started;
    // Messages go there and back while it stands still; by then the sender would have run far ahead.
    for (let term = 1; term <= 100; term++) {
      one.transport.send([heartbeat(term)]);
      await received.count(term);
    }
    // 16 pieces wait in each end's stream, and HTTP/2's window and socket buffers hold a few more: 6 MiB of 64.
    expect(produced).toBeLessThan(100);
    go();
    await sent;
    expect(taken).toBe(1_000 * 65_536);
  });

  test("in large pieces are cut to what one message may hold", async () => {
    const { one, two } = await pair();
    const sizes: number[] = [];
    two.transport.onSnapshot(async ({ chunks }) => {
      for await (const piece of chunks) sizes.push(piece.length);
    });
    await one.transport.sendSnapshot(2, 1, META, pieces(new Uint8Array(10_000_000)), new AbortController().signal);
    expect(Math.max(...sizes)).toBe(65_536);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(10_000_000);
  });

  test("from a source that uses one buffer again and again arrive as they were given", async () => {
    const { one, two } = await pair();
    const received: number[] = [];
    two.transport.onSnapshot(async ({ chunks }) => {
      for await (const piece of chunks) received.push(...piece);
    });
    async function* reusing(): AsyncGenerator<Uint8Array> {
      const buffer = Buffer.alloc(1);
      for (let value = 1; value <= 50; value++) {
        buffer[0] = value;
        yield buffer;
      }
    }
    await one.transport.sendSnapshot(2, 1, META, reusing(), new AbortController().signal);
    expect(received).toEqual(Array.from({ length: 50 }, (_, at) => at + 1));
  });

  test("refused by the receiver say why", async () => {
    const { one, two } = await pair();
    two.transport.onSnapshot(() => Promise.reject(new Error("checksum differs")));
    await expect(sendTo(one, 2)).rejects.toMatchObject({ code: "SNAPSHOT_REFUSED", message: expect.stringContaining("checksum differs") });
  });

  test("called off reject at once, even while the source gives nothing", async () => {
    const { one, two } = await pair();
    const outcome = installed(two);
    const stop = new AbortController();
    async function* stuck(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(1);
      await new Promise(() => {});
    }
    const sent = one.transport.sendSnapshot(2, 1, META, stuck(), stop.signal);
    await outcome.started;
    stop.abort(new Error("leader changed"));
    await expect(sent).rejects.toMatchObject({ code: "SNAPSHOT_ABORTED", cause: expect.objectContaining({ message: "leader changed" }) });
    await expect(outcome.end).rejects.toThrow();
  });

  test("that the log outran go twice as fast the next time, until one arrives", async () => {
    let steps = 0;
    const after = (_delayMs: number, callback: () => void): (() => void) => {
      steps += 1;
      const immediate = setImmediate(callback);
      return () => clearImmediate(immediate);
    };
    const { one, two } = await pair({}, { settings: { snapshotBytesPerSecond: 1_000_000 }, after });
    two.transport.onSnapshot(async ({ chunks }) => {
      for await (const _ of chunks);
    });
    const stepsTaken = async (): Promise<number> => {
      steps = 0;
      const twentySteps = Array.from({ length: 20 }, () => new Uint8Array(10_000));
      await one.transport.sendSnapshot(2, 1, META, pieces(...twentySteps), new AbortController().signal);
      return steps;
    };
    // As from another copy of raft-core, whose class is another one.
    const outrun = AbortSignal.abort(Object.assign(new Error("the log passed its limit"), { code: "SNAPSHOT_OUTRUN" }));
    await expect(one.transport.sendSnapshot(2, 1, META, pieces(), outrun)).rejects.toMatchObject({ code: "SNAPSHOT_ABORTED" });
    expect([await stepsTaken(), await stepsTaken()]).toEqual([9, 19]);
  });

  test("begun anew by the same peer end the one before", async () => {
    const { one, two } = await pair();
    const outcome = installed(two);
    async function* stuck(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(1);
      await new Promise(() => {});
    }
    const first = one.transport.sendSnapshot(2, 1, META, stuck(), new AbortController().signal);
    await outcome.started;
    const second = sendTo(one, 2);
    await expect(first).rejects.toMatchObject({ code: "STREAM_REPLACED" });
    await second;
  });

  test("under way when the receiver closes reject at the sender and the receiver", async () => {
    const { one, two } = await pair();
    const outcome = installed(two);
    async function* stuck(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(1);
      await new Promise(() => {});
    }
    const sent = one.transport.sendSnapshot(2, 1, META, stuck(), new AbortController().signal);
    await outcome.started;
    await two.transport.close();
    await expect(sent).rejects.toMatchObject({ category: "unavailable" });
    await expect(outcome.end).rejects.toMatchObject({ code: "SNAPSHOT_ABORTED" });
  });

  test("to a node that is no member, or after close, are refused", async () => {
    const { one } = await pair();
    await expect(sendTo(one, 9)).rejects.toMatchObject({ code: "UNKNOWN_MEMBER" });
    await one.transport.close();
    await expect(sendTo(one, 2)).rejects.toMatchObject({ code: "TRANSPORT_CLOSED" });
  });
});

test("a member that moved is followed, one that left is let go", async () => {
  const { one, received, at } = await pair();
  one.transport.updateMembers([member(2, "127.0.0.1:1")]);
  one.transport.send([heartbeat(1)]);
  await one.event("peerLost");
  one.transport.updateMembers([member(2, at.address)]);
  one.transport.send([heartbeat(2)]);
  await received.count(1);
  one.transport.updateMembers([]);
  expect(one.transport.status()).toEqual([]);
});

test("a member that is removed is heard no more, although its stream stands", async () => {
  const { one, two, received } = await pair();
  one.transport.send([heartbeat(1)]);
  await received.count(1);
  two.transport.updateMembers([]);
  expect((await one.event("peerLost")).error).toMatchObject({ code: "UNKNOWN_MEMBER" });
});

async function* pieces(...list: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* list;
}

function sendTo({ transport }: Ship, to: number): Promise<void> {
  return transport.sendSnapshot(to, 1, META, pieces(Uint8Array.of(1)), new AbortController().signal);
}

/** What becomes of the first snapshot that arrives; later ones are installed. */
function installed({ transport }: Ship): { started: Promise<void>; end: Promise<void> } {
  let begin: () => void = () => {};
  const started = new Promise<void>((resolve) => (begin = resolve));
  let first = true;
  const end = new Promise<void>((resolve, reject) => {
    transport.onSnapshot(async ({ chunks }) => {
      const watched = first;
      first = false;
      try {
        for await (const piece of chunks) if (piece.length > 0) begin();
        if (watched) resolve();
      } catch (error) {
        if (watched) reject(error instanceof Error ? error : new Error(String(error)));
        throw error;
      }
    });
  });
  end.catch(() => {});
  return { started, end };
}

test("renewing opens the connections anew, with the credentials of that moment", async () => {
  let asked = 0;
  const credentials = () => {
    asked += 1;
    return insecureChannelCredentials();
  };
  const { one, received } = await pair({}, { credentials });
  one.transport.send([heartbeat(1)]);
  await received.count(1);
  expect(asked).toBe(1);
  one.transport.renew();
  one.transport.send([heartbeat(2)]);
  await received.count(2);
  expect(asked).toBe(2);
  expect(received.messages.map(({ term }) => term)).toEqual([1, 2]);
});
