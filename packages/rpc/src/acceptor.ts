import { once } from "node:events";
import { type AddressInfo, type Server, type Socket, createServer } from "node:net";
import type { AcceptedConnection, AcceptorEvent, AcceptorLimits } from "./acceptor-types.ts";
import { defaultAcceptorLimits } from "./acceptor-types.ts";
import { listenAddresses } from "./listen-addresses.ts";
import { TlsDoor } from "./tls-door.ts";
import type { TlsMaterial } from "./tls-material.ts";

/** How an acceptor is made. */
export interface AcceptorOptions {
  /** Undefined serves without TLS. */
  readonly tls?: TlsMaterial | undefined;
  /** Limits other than the defaults. */
  readonly limits?: Partial<AcceptorLimits>;
  /** Given each connection that is let in, such as to `injectConnection` of a gRPC server. */
  readonly onConnection: (connection: AcceptedConnection) => void;
  /** Told of each that is not, and of each that is ended. It must not throw. */
  readonly onEvent?: (event: AcceptorEvent) => void;
  /** Wall clock in ms, by which certificates expire. Default `Date.now`. */
  readonly now?: () => number;
}

/** Where one listens: an address, or a name that may have several. */
export interface ListenAddress {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/**
 * Accepts connections for gRPC servers, which themselves neither end a handshake that hangs, nor count connections, nor
 * tell who was refused.
 *
 * With TLS each connection has shown a certificate of the material's CA at TLS 1.3 before it is handed on; reloads of
 * the material are followed, and {@link Acceptor.revalidate} ends those that it does not cover any more.
 */
export class Acceptor {
  readonly #options: AcceptorOptions;
  readonly #limits: AcceptorLimits;
  readonly #door: TlsDoor | undefined;
  readonly #listeners: Server[] = [];
  readonly #plain = new Set<Socket>();

  constructor(options: AcceptorOptions) {
    this.#options = options;
    this.#limits = { ...defaultAcceptorLimits, ...options.limits };
    this.#door = options.tls && new TlsDoor({ ...options, tls: options.tls, limits: this.#limits });
  }

  /**
   * Listens on every address of the host.
   *
   * @returns the port
   * @throws what `net.Server` fails with
   */
  async listen({ host, port }: ListenAddress): Promise<number> {
    const addresses = await listenAddresses(host);
    let bound = port;
    const failures: unknown[] = [];
    for (const address of addresses) {
      try {
        bound = await this.#listenOn(address, bound);
      } catch (error) {
        // A name may have an address of a family that this machine does not have.
        if ((error as NodeJS.ErrnoException).code === "EADDRINUSE" && port !== 0) throw error;
        failures.push(error);
      }
    }
    if (failures.length === addresses.length) throw failures[0];
    return bound;
  }

  /** Connections that are let in, and handshakes under way. */
  get counts(): { readonly connections: number; readonly handshakes: number } {
    return this.#door?.counts ?? { connections: this.#plain.size, handshakes: 0 };
  }

  /** Ends the connections whose certificate has expired, or whose CA is gone. To be called at times, and after a reload. */
  async revalidate(): Promise<void> {
    await this.#door?.revalidate();
  }

  /** Takes no more connections. Those that stand stay. May be called twice. */
  stopListening(): void {
    for (const listener of this.#listeners.splice(0)) listener.close();
  }

  /** Ends everything at once. */
  close(): void {
    this.stopListening();
    this.#door?.close();
    for (const socket of this.#plain) socket.destroy();
  }

  async #listenOn(host: string, port: number): Promise<number> {
    const listener = createServer({ noDelay: true }, (socket) => {
      this.#accept(socket);
    });
    listener.listen({ host, port });
    await once(listener, "listening");
    this.#listeners.push(listener);
    return (listener.address() as AddressInfo).port;
  }

  #accept(socket: Socket): void {
    const from = `${socket.remoteAddress ?? ""}:${String(socket.remotePort ?? "")}`;
    // What breaks a connection ends it; it is nobody's fault here.
    socket.on("error", () => undefined);
    if (this.#door !== undefined) {
      this.#door.accept(socket, from);
      return;
    }
    if (this.#plain.size >= this.#limits.maxConnections) {
      socket.destroy();
      this.#options.onEvent?.({ type: "limitHit", limit: "maxConnections", from });
      return;
    }
    this.#plain.add(socket);
    socket.once("close", () => this.#plain.delete(socket));
    this.#options.onConnection({ socket, peer: undefined, from });
  }
}
