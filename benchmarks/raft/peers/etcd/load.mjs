/**
 * A closed loop of puts to etcd with grpc-js. It reads lines of JSON, and answers each with the latencies, in milliseconds,
 * of what ended within the measured time. The few fields of etcd's rpc.proto needed are packed by hand.
 */
import { createInterface } from "node:readline";
import { Client, credentials } from "@grpc/grpc-js";

const PUT_PATH = "/etcdserverpb.KV/Put";
/** Field 1, key, and field 2, value, both length-delimited. */
const KEY_TAG = 0x0a;
const VALUE_TAG = 0x12;

function varint(number) {
  const bytes = [];
  for (; number > 0x7f; number >>>= 7) bytes.push((number & 0x7f) | 0x80);
  return [...bytes, number];
}

/** PutRequest of one value under many keys. */
function putSerializer(value) {
  const tail = Buffer.concat([Buffer.from([VALUE_TAG, ...varint(value.length)]), value]);
  return (key) => Buffer.concat([Buffer.from([KEY_TAG, key.length]), Buffer.from(key, "latin1"), tail]);
}

/** Revisions are not looked at. */
const ignored = () => undefined;

function putter(channel, serialize) {
  return (key) =>
    new Promise((resolve, reject) => {
      channel.makeUnaryRequest(PUT_PATH, serialize, ignored, key, (error) =>
        error ? reject(error) : resolve(),
      );
    });
}

async function run({ address, client, channels, inFlight, seconds, warmupSeconds, payloadBytes, keys }) {
  const own = { "grpc.use_local_subchannel_pool": 1 };
  const opened = Array.from(
    { length: channels },
    () => new Client(address, credentials.createInsecure(), own),
  );
  const serialize = putSerializer(Buffer.alloc(payloadBytes, 7));
  const startsAt = performance.now() + warmupSeconds * 1_000;
  const endsAt = startsAt + seconds * 1_000;
  const latenciesMs = [];
  let puts = 0;
  const lane = async (channel) => {
    const put = putter(channel, serialize);
    for (let begunAt = performance.now(); begunAt < endsAt;) {
      await put(`${client}/${String(puts++ % keys).padStart(5, "0")}`);
      const endedAt = performance.now();
      if (endedAt >= startsAt && endedAt < endsAt) latenciesMs.push(endedAt - begunAt);
      begunAt = endedAt;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, n) => lane(opened[n % channels])));
  for (const channel of opened) channel.close();
  return { latenciesMs };
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await run(JSON.parse(line)).catch((error) => ({ error: error.message }))));
}
