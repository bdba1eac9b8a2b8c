import { isIP } from "node:net";
import { type SecureContext, checkServerIdentity, createSecureContext } from "node:tls";
import { ChannelCredentials, ServerCredentials } from "@grpc/grpc-js";
import type { TlsMaterial } from "./tls-material.ts";

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

type Connect = ChannelCredentials["_createSecureConnector"];

/**
 * Client credentials that also dial IP addresses properly: grpc-js puts the host dialled into the TLS server name,
 * which may not be an address (RFC 6066), so that Node warns at each. Here an address stays out of the server name,
 * and the certificate must still name it.
 */
class DiallingCredentials extends ChannelCredentials {
  readonly #context: SecureContext;

  constructor(context: SecureContext) {
    super();
    this.#context = context;
  }

  override _isSecure(): boolean {
    return true;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(...[target, options, calls]: Parameters<Connect>): ReturnType<Connect> {
    const host = hostOf(target.path);
    if (isIP(host) === 0) {
      return ChannelCredentials.createFromSecureContext(this.#context)._createSecureConnector(
        target,
        options,
        calls,
      );
    }
    const byAddress = ChannelCredentials.createFromSecureContext(this.#context, {
      checkServerIdentity: (_serverName, certificate) => checkServerIdentity(host, certificate),
    });
    return byAddress._createSecureConnector(
      target,
      { ...options, "grpc.ssl_target_name_override": "coxswain" },
      calls,
    );
  }
}

/** `host` of `host:port` and `[host]:port`. */
function hostOf(address: string): string {
  return /^\[?(.*?)\]?(:\d+)?$/.exec(address)?.[1] ?? address;
}

/**
 * For a client: TLS 1.3, the server's certificate checked against the material's CA and the host dialled.
 * Made from the material of this moment: make new ones for a new channel after a reload.
 */
export function channelCredentials(tls: TlsMaterial): ChannelCredentials {
  return new DiallingCredentials(createSecureContext(tls.contextOptions()));
}

/** For a client of a server without TLS. */
export function insecureChannelCredentials(): ChannelCredentials {
  return ChannelCredentials.createInsecure();
}
