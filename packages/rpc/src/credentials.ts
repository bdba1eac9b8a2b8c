import { createSecureContext } from "node:tls";
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

/**
 * For a client: TLS 1.3, the server's certificate checked against the material's CA and the host dialled.
 * Made from the material of this moment: make new ones for a new channel after a reload.
 */
export function channelCredentials(tls: TlsMaterial): ChannelCredentials {
  return ChannelCredentials.createFromSecureContext(createSecureContext(tls.contextOptions()));
}

/** For a client of a server without TLS. */
export function insecureChannelCredentials(): ChannelCredentials {
  return ChannelCredentials.createInsecure();
}
