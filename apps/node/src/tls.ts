/**
 * Credentials of both directions, from the options: mutual TLS, or none on loopback (or where that was said aloud).
 */
import type { ChannelCredentials, ServerCredentials } from "@grpc/grpc-js";
import {
  channelCredentials,
  insecureChannelCredentials,
  insecureServerCredentials,
  loadTls,
  serverCredentials,
} from "@coxswain/rpc";
import { secure } from "./config/load-config.ts";
import type { NodeOptions } from "./config/options.ts";

export interface Credentials {
  readonly secure: boolean;
  readonly server: ServerCredentials;
  /** Made anew for each channel, so that new channels use reloaded certificates. */
  readonly channel: () => ChannelCredentials;
  /** Reads the files again; whether anything had changed. Throws when the new set is unusable; the old one stays. */
  readonly reload: () => boolean;
  readonly close: () => void;
}

/** @throws TlsFilesError when a file cannot be read or they do not belong together */
export function loadCredentials(options: NodeOptions, onReloadError: (error: unknown) => void): Credentials {
  const { caCert, cert, key } = options;
  if (!secure(options) || caCert === undefined || cert === undefined || key === undefined)
    return {
      secure: false,
      server: insecureServerCredentials(),
      channel: insecureChannelCredentials,
      reload: () => false,
      close: () => {},
    };
  const material = loadTls({ ca: caCert, cert, key });
  return {
    secure: true,
    server: serverCredentials(material),
    channel: () => channelCredentials(material),
    reload: () => material.reload(),
    close: material.watch({ onError: onReloadError }),
  };
}
