import { isIP } from "node:net";
import { type SecureContext, checkServerIdentity, createSecureContext } from "node:tls";
import { ChannelCredentials, ServerCredentials } from "@grpc/grpc-js";
import type { TlsMaterial, TlsPem } from "./tls-material.ts";

/**
 * Server credentials that follow their material's reloads at TLS 1.3.
 *
 * `ServerCredentials.createSsl` knows neither a minimum version nor a reload, and the process-wide
 * `tls.DEFAULT_MIN_VERSION` would also forbid webhooks to receivers on TLS 1.2.
 */
class ReloadingServerCredentials extends ServerCredentials {
  constructor(tls: TlsMaterial) {
    super({ requestCert: true, rejectUnauthorized: true, minVersion: "TLSv1.3" }, tls.contextOptions());
    tls.onReload(() => {
      this.updateSecureContextOptions(tls.contextOptions());
    });
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

/** For a server: TLS 1.3, a client certificate from the material's CA required, reloads followed. */
export function serverCredentials(tls: TlsMaterial): ServerCredentials {
  return new ReloadingServerCredentials(tls);
}

/** For a server without TLS: anyone who reaches the port is whoever the server takes insecure callers for. */
export function insecureServerCredentials(): ServerCredentials {
  return ServerCredentials.createInsecure();
}

type Connector = ReturnType<ChannelCredentials["_createSecureConnector"]>;
type ConnectorParameters = Parameters<ChannelCredentials["_createSecureConnector"]>;

/**
 * Client credentials that take their material anew at each connection, so that a channel outlives its certificate.
 *
 * They also dial IP addresses properly: grpc-js puts the host dialled into the TLS server name, which may not be an
 * address (RFC 6066), so that Node warns at each. Here an address stays out of the server name, and the certificate
 * must still name it.
 */
class DiallingCredentials extends ChannelCredentials {
  readonly #tls: TlsMaterial;

  constructor(tls: TlsMaterial) {
    super();
    this.#tls = tls;
  }

  override _isSecure(): boolean {
    return true;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(...parameters: ConnectorParameters): Connector {
    const first = connector(this.#tls, parameters);
    return {
      connect: async (socket) => await connector(this.#tls, parameters).connect(socket),
      waitForReady: async () => {
        await first.waitForReady();
      },
      getCallCredentials: () => first.getCallCredentials(),
      destroy: () => {
        first.destroy();
      },
    };
  }
}

function connector(tls: TlsMaterial, [target, options, calls]: ConnectorParameters): Connector {
  const context = secureContextOf(tls);
  const host = hostOf(target.path);
  if (isIP(host) === 0) {
    return ChannelCredentials.createFromSecureContext(context)._createSecureConnector(target, options, calls);
  }
  const byAddress = ChannelCredentials.createFromSecureContext(context, {
    checkServerIdentity: (_serverName, certificate) => checkServerIdentity(host, certificate),
  });
  return byAddress._createSecureConnector(
    target,
    { ...options, "grpc.ssl_target_name_override": "coxswain" },
    calls,
  );
}

const contexts = new WeakMap<TlsPem, SecureContext>();

/** One context for each state of the material, however many connections it serves. */
function secureContextOf(tls: TlsMaterial): SecureContext {
  const known = contexts.get(tls.current);
  if (known !== undefined) return known;
  const context = createSecureContext(tls.contextOptions());
  contexts.set(tls.current, context);
  return context;
}

/** `host` of `host:port` and `[host]:port`. */
function hostOf(address: string): string {
  return /^\[?(.*?)\]?(:\d+)?$/.exec(address)?.[1] ?? address;
}

/**
 * For a client: TLS 1.3, the server's certificate checked against the material's CA and the host dialled. Connections
 * made after a reload use what was read.
 */
export function channelCredentials(tls: TlsMaterial): ChannelCredentials {
  return new DiallingCredentials(tls);
}

/** For a client of a server without TLS. */
export function insecureChannelCredentials(): ChannelCredentials {
  return ChannelCredentials.createInsecure();
}
