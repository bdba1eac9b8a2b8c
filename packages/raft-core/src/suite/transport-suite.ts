import type { IncomingSnapshot, Transport } from "../contracts.ts";
import type { Message, NodeId } from "../types.ts";
import { chunksFrom, claim, claimRejects, claimSame, entryAt, metaAt, type SuiteTools } from "./claim.ts";

/** A network of its own for one test, with members 1, 2 and 3. */
export interface TransportFixture {
  /** The end of the network at a member; called once for each. Member 3 is never opened by some tests. */
  open(id: NodeId): Promise<Transport>;
  /** Lets the network work for a moment; called again and again until what a test waits for has happened. */
  pause(): Promise<void>;
  dispose?(): Promise<void>;
}

type Body = (network: Network) => Promise<void>;

/** Everything that {@link Transport} promises. `network` gives a new one for each test. */
export function transportSuite(
  tools: SuiteTools,
  name: string,
  network: () => Promise<TransportFixture>,
): void {
  for (const [sentence, body] of Object.entries({ ...messages, ...snapshots, ...brokenSnapshots })) {
    tools.test(`${name}: ${sentence}`, async () => {
      const opened = new Network(await network());
      try {
        await body(opened);
      } finally {
        await opened.dispose();
      }
    });
  }
}

const messages: Record<string, Body> = {
  "every kind of message arrives as it was sent": async (network) => {
    const [one, two] = [await network.open(1), await network.open(2)];
    for (const message of oneOfEach(1, 2)) {
      const received = await network.deliver(one, two, message);
      claimSame(received, message, `a ${message.type} arrives whole`);
    }
  },
  "messages of one call reach each their receiver": async (network) => {
    const [one, two, three] = [await network.open(1), await network.open(2), await network.open(3)];
    await network.deliver(one, two, heartbeat(1, 2, 1));
    await network.deliver(one, three, heartbeat(1, 3, 1));
    const [toTwo, toThree] = [collect(two), collect(three)];
    one.send([heartbeat(1, 2, 7), heartbeat(1, 3, 8), heartbeat(1, 2, 9)]);
    await network.until(() => toTwo.length >= 2 && toThree.length >= 1);
    claimSame(new Set(toTwo.map(({ term }) => term)).size, 2, "both of node 2's arrive there");
    claim(
      toThree.every(({ to }) => to === 3),
      "node 3 receives only its own",
    );
  },
  "sending to a member that is not there neither throws nor disturbs others": async (network) => {
    const [one, two] = [await network.open(1), await network.open(2)];
    one.send([heartbeat(1, 3, 1)]);
    claimSame((await network.deliver(one, two, heartbeat(1, 2, 2))).term, 2, "node 2 still hears node 1");
  },
  "a closed transport is silent": async (network) => {
    const [one, two] = [await network.open(1), await network.open(2)];
    await network.deliver(one, two, heartbeat(1, 2, 1));
    const received = collect(two);
    await one.close();
    await one.close();
    one.send([heartbeat(1, 2, 2)]);
    for (let turn = 0; turn < 5; turn++) await network.pause();
    claim(
      received.every(({ term }) => term !== 2),
      "nothing leaves after close()",
    );
  },
};

const snapshots: Record<string, Body> = {
  "a snapshot arrives whole, with its meta, and the sender waits for its installation": async (network) => {
    const [one, two] = [await network.open(1), await network.open(2)];
    const chunks = Array.from({ length: 40 }, (_, i) => new Uint8Array(65_536).fill(i));
    let installed = false;
    let arrived: Omit<IncomingSnapshot, "chunks"> | undefined;
    let sizeBytes = 0;
    two.onSnapshot(async ({ chunks: incoming, ...head }) => {
      arrived = head;
      for await (const chunk of incoming) sizeBytes += chunk.length;
      await network.pause();
      installed = true;
    });
    await network.sendSnapshot(one, 2, chunksFrom(chunks));
    claim(installed, "it resolves after the receiver has installed it");
    claimSame(arrived, { from: 1, term: 5, meta: metaAt(20, 3) }, "sender, term and meta arrive");
    claim(sizeBytes === 40 * 65_536, "no byte is missing");
  },
  "the bytes of a snapshot keep their order": async (network) => {
    const [one, two] = [await network.open(1), await network.open(2)];
    const bytes: number[] = [];
    two.onSnapshot(async ({ chunks }) => {
      for await (const chunk of chunks) bytes.push(...chunk);
    });
    await network.sendSnapshot(
      one,
      2,
      chunksFrom([1, 2, 3, 4, 5].map((byte) => new Uint8Array([byte, byte]))),
    );
    claimSame(bytes, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5], "they arrive as they were sent");
  },
  "an empty snapshot is a snapshot": async (network) => {
    const [one, two] = [await network.open(1), await network.open(2)];
    let arrived = false;
    two.onSnapshot(async ({ chunks }) => {
      for await (const chunk of chunks) claim(chunk.length === 0, "there is nothing in it");
      arrived = true;
    });
    await network.sendSnapshot(one, 2, chunksFrom([]));
    claim(arrived, "the receiver saw its end");
  },
  "messages pass while a snapshot stands still": async (network) => {
    const [one, two] = [await network.open(1), await network.open(2)];
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    let receiving = false;
    two.onSnapshot(async ({ chunks }) => {
      receiving = true;
      await held;
      for await (const _chunk of chunks);
    });
    const sent = network.sendSnapshot(one, 2, chunksFrom([new Uint8Array(10)]));
    await network.until(() => receiving);
    claimSame((await network.deliver(one, two, heartbeat(1, 2, 6))).term, 6, "a heartbeat overtakes it");
    release();
    await sent;
  },
  "a receiver that holds it already may say so without reading": async (network) => {
    const [one, two] = [await network.open(1), await network.open(2)];
    two.onSnapshot(() => Promise.resolve());
    await network.sendSnapshot(one, 2, chunksFrom([new Uint8Array(10), new Uint8Array(10)]));
  },
};

const brokenSnapshots: Record<string, Body> = {
  "a refused snapshot rejects at the sender": async (network) => {
    const [one, two] = [await network.open(1), await network.open(2)];
    two.onSnapshot(() => Promise.reject(new Error("no")));
    await claimRejects(
      network.sendSnapshot(one, 2, chunksFrom([new Uint8Array(10)])),
      "the sender hears of it",
    );
  },
  "a snapshot for a member that is not there rejects": async (network) => {
    const one = await network.open(1);
    await claimRejects(network.sendSnapshot(one, 3, chunksFrom([])), "the sender hears of it");
  },
  "a source that breaks ends both sides with an error": async (network) => {
    const [one, two] = [await network.open(1), await network.open(2)];
    const outcome = installing(two);
    await claimRejects(network.sendSnapshot(one, 2, breaking()), "the sender hears of it");
    await network.until(() => outcome.current !== "pending");
    // It may never have heard of the snapshot at all.
    claim(outcome.current !== "whole", "the receiver does not take the part for the whole");
  },
  "an aborted snapshot ends both sides with an error": async (network) => {
    const [one, two] = [await network.open(1), await network.open(2)];
    const outcome = installing(two);
    const abort = new AbortController();
    const sent = network.sendSnapshot(one, 2, stalling(abort.signal), abort.signal);
    await network.until(() => outcome.current !== "idle");
    abort.abort(new Error("enough"));
    await claimRejects(sent, "the sender hears of it");
    await network.until(() => outcome.current !== "pending");
    claim(outcome.current === "broken", "the receiver does not take the part for the whole");
  },
};

class Network {
  readonly #fixture: TransportFixture;
  readonly #opened: Transport[] = [];

  constructor(fixture: TransportFixture) {
    this.#fixture = fixture;
  }

  async open(id: NodeId): Promise<Transport> {
    const transport = await this.#fixture.open(id);
    transport.onMessages(() => {});
    transport.onSnapshot(() => Promise.reject(new Error("No snapshot was expected.")));
    this.#opened.push(transport);
    return transport;
  }

  pause(): Promise<void> {
    return this.#fixture.pause();
  }

  async until(condition: () => boolean): Promise<void> {
    for (let turn = 0; turn < 1_000; turn++) {
      if (condition()) return;
      await this.pause();
    }
    throw new Error(`Waited in vain for ${String(condition)}`);
  }

  /** Sends until it arrives, because a network may lose messages, above all while it connects. */
  async deliver(from: Transport, to: Transport, message: Message): Promise<Message> {
    const received = collect(to);
    const same = (): Message | undefined =>
      received.find(({ type, term }) => type === message.type && term === message.term);
    for (let attempt = 0; attempt < 50 && same() === undefined; attempt++) {
      from.send([message]);
      for (let turn = 0; turn < 10 && same() === undefined; turn++) await this.pause();
    }
    const arrived = same();
    claim(arrived !== undefined, `a ${message.type} arrives in the end`);
    return arrived;
  }

  sendSnapshot(
    from: Transport,
    to: NodeId,
    chunks: AsyncIterable<Uint8Array>,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<void> {
    return from.sendSnapshot(to, 5, metaAt(20, 3), chunks, signal);
  }

  async dispose(): Promise<void> {
    for (const transport of this.#opened) await transport.close();
    await this.#fixture.dispose?.();
  }
}

function collect(transport: Transport): Message[] {
  const received: Message[] = [];
  transport.onMessages((batch) => void received.push(...batch));
  return received;
}

/** Follows what becomes of the snapshot that `transport` receives. */
function installing(transport: Transport): { current: "idle" | "pending" | "whole" | "broken" } {
  const outcome: { current: "idle" | "pending" | "whole" | "broken" } = { current: "idle" };
  transport.onSnapshot(async ({ chunks }) => {
    outcome.current = "pending";
    try {
      for await (const _chunk of chunks);
      outcome.current = "whole";
    } catch (error) {
      outcome.current = "broken";
      throw error;
    }
  });
  return outcome;
}

async function* breaking(): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(new Uint8Array(10));
  throw new Error("The source broke.");
}

/** One chunk, then nothing until the signal fires. */
async function* stalling(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(10);
  await new Promise((_resolve, reject) =>
    signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true }),
  );
}

function heartbeat(from: NodeId, to: NodeId, term: number): Message {
  return { type: "heartbeatRequest", from, to, term, leaderCommit: 3, readContext: 4 };
}

function oneOfEach(from: NodeId, to: NodeId): Message[] {
  const head = { from, to, term: 2 ** 40 };
  const vote = { lastLogIndex: 2 ** 41, lastLogTerm: 7 };
  const entries = [
    { index: 9, term: 7, type: "noop", data: new Uint8Array(0) },
    { index: 10, term: 7, type: "config", data: new Uint8Array([1, 0, 255]) },
    entryAt(11, 8, new Uint8Array(10_000).fill(9)),
  ] as const;
  return [
    { ...head, type: "preVoteRequest", ...vote },
    { ...head, type: "preVoteResponse", granted: true },
    { ...head, type: "voteRequest", ...vote, transfer: true },
    { ...head, type: "voteResponse", granted: false },
    { ...head, type: "appendRequest", prevLogIndex: 8, prevLogTerm: 7, entries, leaderCommit: 8 },
    { ...head, type: "appendResponse", success: false, index: 8, hintIndex: 5, hintTerm: 3 },
    { ...head, type: "heartbeatRequest", leaderCommit: 8, readContext: 99 },
    { ...head, type: "heartbeatResponse", readContext: 99 },
    { ...head, type: "snapshotRequest", snapshot: metaAt(20, 3) },
    { ...head, type: "timeoutNow" },
    { ...head, type: "readIndexRequest", context: 12 },
    { ...head, type: "readIndexResponse", context: 12, index: 13 },
  ];
}
