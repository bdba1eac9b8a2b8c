import type { Socket } from "node:net";
import { type TLSSocket, type Server as TlsServer, createServer } from "node:tls";
import type { AcceptedConnection, AcceptorEvent, AcceptorLimits } from "./acceptor-types.ts";
import { isTrusted } from "./is-trusted.ts";
import { type PeerIdentity, identityIn } from "./peer-identity.ts";
import type { TlsMaterial } from "./tls-material.ts";

/** How a door is made. */
export interface TlsDoorOptions {
  readonly tls: TlsMaterial;
  readonly limits: AcceptorLimits;
  readonly onConnection: (connection: AcceptedConnection) => void;
  readonly onEvent?: (event: AcceptorEvent) => void;
  readonly now?: () => number;
}

/** One handshake under way. */
interface Handshake {
  readonly socket: Socket;
  readonly from: string;
}

/** A connection that is let in. */
interface Guest {
  readonly socket: TLSSocket;
  readonly from: string;
  readonly peer: PeerIdentity | undefined;
}

/** Certificates checked in one go: each costs a tenth of a millisecond or more, and heartbeats wait meanwhile. */
const checksPerSlice = 16;

/** The TLS part of an acceptor: handshakes, who may stay, and how many of them. */
export class TlsDoor {
  readonly #options: TlsDoorOptions;
  readonly #server: TlsServer;
  readonly #stopFollowing: () => void;
  /** By `host:port`, the oldest first. */
  readonly #handshakes = new Map<string, Handshake>();
  readonly #guests = new Set<Guest>();
  /** Whose TCP connection was closed last. */
  #closing: Handshake | undefined;

  constructor(options: TlsDoorOptions) {
    this.#options = options;
    const { tls, limits } = options;
    this.#server = createServer({
      ...tls.contextOptions(),
      requestCert: true,
      rejectUnauthorized: true,
      ALPNProtocols: ["h2"],
      handshakeTimeout: limits.handshakeTimeoutMs,
    });
    this.#server.on("secureConnection", (socket) => {
      this.#enter(socket);
    });
    this.#server.on("tlsClientError", (error, socket) => {
      this.#refuse(error, socket);
    });
    this.#stopFollowing = tls.onReload(() => {
      this.#server.setSecureContext(tls.contextOptions());
      void this.revalidate();
    });
  }

  get counts(): { readonly connections: number; readonly handshakes: number } {
    return { connections: this.#guests.size, handshakes: this.#handshakes.size };
  }

  /** Begins the handshake. */
  accept(socket: Socket, from: string): void {
    if (this.#handshakes.size >= this.#options.limits.maxHandshakes) this.#giveWay();
    const handshake: Handshake = { socket, from };
    this.#handshakes.set(from, handshake);
    socket.once("close", () => {
      this.#closing = handshake;
      if (this.#handshakes.get(from) === handshake) this.#handshakes.delete(from);
    });
    this.#server.emit("connection", socket);
  }

  async revalidate(): Promise<void> {
    const { tls, now = Date.now } = this.#options;
    const verdicts = new Map<string, boolean>();
    for (const guest of [...this.#guests]) {
      const certificate = guest.socket.getPeerX509Certificate();
      if (certificate === undefined) continue;
      const known = verdicts.get(certificate.fingerprint256);
      const trusted = known ?? isTrusted(certificate, tls.current.ca, now());
      verdicts.set(certificate.fingerprint256, trusted);
      if (!trusted) this.#end(guest);
      if (known === undefined && verdicts.size % checksPerSlice === 0)
        await new Promise((resolve) => setImmediate(resolve));
    }
  }

  close(): void {
    this.#stopFollowing();
    for (const { socket } of this.#handshakes.values()) socket.destroy();
    for (const { socket } of this.#guests) socket.destroy();
  }

  #enter(socket: TLSSocket): void {
    const from = addressOf(socket);
    this.#handshakes.delete(from);
    socket.on("error", () => undefined);
    // A client that offers no protocol at all gets this far.
    if (socket.alpnProtocol !== "h2") {
      socket.destroy();
      this.#tell({ type: "handshakeRefused", from, cause: "NO_HTTP2" });
      return;
    }
    const guest: Guest = { socket, from, peer: identityOf(socket) };
    const limit = this.#limitFor(guest);
    if (limit !== undefined) {
      socket.destroy();
      this.#tell({ type: "limitHit", limit, from, peer: guest.peer });
      return;
    }
    this.#guests.add(guest);
    socket.once("close", () => this.#guests.delete(guest));
    this.#options.onConnection(guest);
  }

  /** Nodes are never counted (G20), and admins must get in when clients are many. */
  #limitFor({ peer }: Guest): keyof AcceptorLimits | undefined {
    if (peer?.role === "node") return undefined;
    const { maxConnections, maxConnectionsPerClient } = this.#options.limits;
    let [clients, same] = [0, 0];
    for (const other of this.#guests) {
      if (other.peer?.role === "node") continue;
      if (other.peer?.role !== "admin") clients += 1;
      if (other.peer?.name === peer?.name) same += 1;
    }
    if (same >= maxConnectionsPerClient) return "maxConnectionsPerClient";
    return peer?.role !== "admin" && clients >= maxConnections ? "maxConnections" : undefined;
  }

  #giveWay(): void {
    const waiting = [...this.#handshakes.values()];
    const loser = waiting.find(({ socket }) => socket.bytesRead === 0) ?? waiting[0];
    if (loser === undefined) return;
    this.#handshakes.delete(loser.from);
    loser.socket.destroy();
    this.#tell({ type: "limitHit", limit: "maxHandshakes", from: loser.from });
  }

  /** Node leaves a connection open whose handshake has timed out, and it does not say whose it was when it has closed it itself. */
  #refuse(error: NodeJS.ErrnoException, socket: TLSSocket): void {
    const handshake = this.#handshakes.get(addressOf(socket)) ?? this.#closing;
    const from = handshake?.from ?? "";
    this.#handshakes.delete(from);
    handshake?.socket.destroy();
    socket.destroy();
    if (error.code === "ERR_TLS_HANDSHAKE_TIMEOUT") {
      this.#tell({ type: "limitHit", limit: "handshakeTimeoutMs", from });
      return;
    }
    const cause = verdictOf(socket) ?? error.code ?? error.message;
    // The other end left, or had to give way: neither was refused.
    if (cause !== "ECONNRESET") this.#tell({ type: "handshakeRefused", from, cause });
  }

  #end(guest: Guest): void {
    guest.socket.destroy();
    this.#tell({ type: "trustEnded", from: guest.from, peer: guest.peer });
  }

  #tell(event: AcceptorEvent): void {
    this.#options.onEvent?.(event);
  }
}

function addressOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ""}:${String(remotePort ?? "")}`;
}

/** Why the certificate does not hold. The types promise an Error where Node gives a code. */
function verdictOf({ authorizationError }: TLSSocket): string | undefined {
  const verdict = authorizationError as unknown;
  return typeof verdict === "string" ? verdict : undefined;
}

function identityOf(socket: TLSSocket): PeerIdentity | undefined {
  try {
    return identityIn(socket.getPeerCertificate());
  } catch {
    return undefined;
  }
}
