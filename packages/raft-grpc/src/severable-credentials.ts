/**
 * Credentials whose connections end with their channel.
 *
 * Closing a grpc-js channel asks its HTTP/2 session to close, but one that waits for a peer's first
 * words waits on, and its socket with it. A frozen node accepts connections and says nothing, so
 * every try to reach it would leave another socket behind.
 */
import { ChannelCredentials } from "@grpc/grpc-js";
import type { Socket } from "node:net";

type ConnectorArguments = Parameters<ChannelCredentials["_createSecureConnector"]>;
type Connector = ReturnType<ChannelCredentials["_createSecureConnector"]>;

/** What a session that stands is given to say its farewells before its socket goes. */
const FAREWELL_MS = 100;

export class SeverableCredentials extends ChannelCredentials {
  readonly #inner: ChannelCredentials;

  constructor(inner: ChannelCredentials) {
    super();
    this.#inner = inner;
  }

  override _isSecure(): boolean {
    return this.#inner._isSecure();
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(...args: ConnectorArguments): Connector {
    return severable(this.#inner._createSecureConnector(...args));
  }
}

function severable(inner: Connector): Connector {
  const sockets = new Set<Socket>();
  let destroyed = false;
  return {
    connect: (socket) => {
      // The channel was closed while TCP still connected.
      if (destroyed) return Promise.reject(new Error("the channel is closed"));
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      return inner.connect(socket);
    },
    waitForReady: () => inner.waitForReady(),
    getCallCredentials: () => inner.getCallCredentials(),
    destroy: () => {
      destroyed = true;
      inner.destroy();
      if (sockets.size === 0) return;
      setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, FAREWELL_MS);
    },
  };
}
