/**
 * Proposals over gRPC: one stream carries any number of them, each a frame of an id and a payload, answered by its id once
 * it is committed and applied. For loads that come from outside.
 */
import { openRawStream, rawStream } from "./raw-stream.mjs";

const METHOD = rawStream("/benchmark.Propose/Stream");
const ID_BYTES = 4;

export function proposeService(nodeOf) {
  return { definition: { stream: METHOD }, implementation: { stream: (call) => serve(call, nodeOf()) } };
}

/** Answers gathered in one turn go in one message. */
function serve(call, node) {
  let answers = [];
  const answer = (id) => {
    answers.push(id);
    if (answers.length > 1) return;
    setImmediate(() => {
      const frame = Buffer.allocUnsafe(answers.length * ID_BYTES);
      for (const [n, answered] of answers.entries()) frame.writeUInt32LE(answered, n * ID_BYTES);
      answers = [];
      call.write(frame);
    });
  };
  call.on("data", (frames) => {
    for (const { id, payload } of framesOf(frames)) {
      node.propose(payload).then(
        () => answer(id),
        (error) => call.destroy(error),
      );
    }
  });
  call.on("error", () => {});
  call.on("end", () => call.end());
}

const HEAD_BYTES = 8;

function* framesOf(buffer) {
  for (let at = 0; at < buffer.length; ) {
    const id = buffer.readUInt32LE(at);
    const end = at + HEAD_BYTES + buffer.readUInt32LE(at + 4);
    yield { id, payload: new Uint8Array(buffer.subarray(at + HEAD_BYTES, end)) };
    at = end;
  }
}

/** A client of the stream: `propose(payload)` resolves when the proposal is applied. */
export function proposeOver(client) {
  const call = openRawStream(client, METHOD);
  const waiting = new Map();
  let queued = [];
  let nextId = 0;
  call.on("data", (answers) => {
    for (let at = 0; at < answers.length; at += ID_BYTES) {
      const id = answers.readUInt32LE(at);
      waiting.get(id).resolve();
      waiting.delete(id);
    }
  });
  call.on("error", (error) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  });
  const flush = () => {
    const frames = Buffer.concat(queued);
    queued = [];
    call.write(frames);
  };
  return {
    propose(payload) {
      return new Promise((resolve, reject) => {
        const id = nextId++ >>> 0;
        waiting.set(id, { resolve, reject });
        const head = Buffer.allocUnsafe(HEAD_BYTES);
        head.writeUInt32LE(id, 0);
        head.writeUInt32LE(payload.length, 4);
        if (queued.length === 0) setImmediate(flush);
        queued.push(head, payload);
      });
    },
    close: () => call.end(),
  };
}
