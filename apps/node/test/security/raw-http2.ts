/** HTTP/2 by hand, for clients that do not keep its rules. */
import type { TLSSocket } from "node:tls";

const FRAME_HEADER_BYTES = 9;
const TYPE = { headers: 1, reset: 3, settings: 4, goaway: 7 } as const;
const END_HEADERS = 4;

function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** Header fields as literals that no table remembers. */
function literal(fields: Readonly<Record<string, string>>): Buffer {
  const text = (value: string): Buffer => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
  return Buffer.concat(Object.entries(fields).map(([name, value]) => Buffer.concat([Buffer.from([0]), text(name), text(value)])));
}

export const PREFACE: Buffer = Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(TYPE.settings, 0, 0)]);

/** Opens a call and leaves it open. */
export function openCall(stream: number, path: string): Buffer {
  const fields = { ":method": "POST", ":scheme": "https", ":path": path, ":authority": "node", "content-type": "application/grpc", te: "trailers" };
  return frame(TYPE.headers, END_HEADERS, stream, literal(fields));
}

/** What the server said to the calls: which it reset, and whether it ended the connection. */
export class Refusals {
  readonly streams = new Map<number, number>();
  ended = false;
  #rest: Buffer = Buffer.alloc(0);

  constructor(socket: TLSSocket, onChange: () => void) {
    socket.on("data", (bytes) => {
      this.#rest = Buffer.concat([this.#rest, bytes]);
      this.#read();
      onChange();
    });
    socket.once("close", () => {
      this.ended = true;
      onChange();
    });
  }

  #read(): void {
    while (this.#rest.length >= FRAME_HEADER_BYTES) {
      const length = this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < FRAME_HEADER_BYTES + length) return;
      const type = this.#rest.readUInt8(3);
      if (type === TYPE.reset) this.streams.set(this.#rest.readUInt32BE(5), this.#rest.readUInt32BE(FRAME_HEADER_BYTES));
      if (type === TYPE.goaway) this.ended = true;
      this.#rest = this.#rest.subarray(FRAME_HEADER_BYTES + length);
    }
  }
}
