import { X509Certificate, constants, createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { type SecureContextOptions, createSecureContext } from "node:tls";
import { certificatesIn } from "./certificates-in.ts";
import { TlsFilesError } from "./errors.ts";

/** Paths of PEM files. */
export interface TlsFiles {
  /** The CA that the other end's certificate must come from. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** PEM texts. */
export interface TlsPem {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** `options` for TLS 1.3 and nothing older; passed on every (re)load, because a reload forgets what came before. */
export function requireTls13(
  options: SecureContextOptions,
): SecureContextOptions & { readonly minVersion: "TLSv1.3" } {
  return { ...options, minVersion: "TLSv1.3" };
}

/**
 * CA, certificate and key of one end, which may change under way: credentials made from it follow `reload()`.
 *
 * A bad or half-written set is refused whole, and the one before stays in use.
 */
export class TlsMaterial {
  readonly #read: () => TlsPem;
  readonly #listeners = new Set<(pem: TlsPem) => void>();
  #current: TlsPem;

  /**
   * @param read gives the present texts; called once here and at each reload
   * @throws TlsFilesError when they are unusable
   */
  constructor(read: () => TlsPem) {
    this.#read = read;
    this.#current = checked(read());
  }

  /** What was read last. */
  get current(): TlsPem {
    return this.#current;
  }

  /**
   * Everything that a TLS context is made from, at TLS 1.3. Sessions are not resumed: who resumes shows no certificate,
   * and one that has expired since would do.
   */
  contextOptions(): SecureContextOptions & { readonly minVersion: "TLSv1.3" } {
    return requireTls13({ ...this.#current, secureOptions: constants.SSL_OP_NO_TICKET });
  }

  /**
   * Reads again. New connections use what was read; those that stand keep what they were made with until they end
   * (see `maxConnectionAgeMs` of `serverOptions`).
   *
   * @returns whether anything had changed
   * @throws TlsFilesError when the new set is unusable; the old one stays
   */
  reload(): boolean {
    const next = this.#read();
    const { ca, cert, key } = this.#current;
    if (next.ca === ca && next.cert === cert && next.key === key) return false;
    this.#current = checked(next);
    for (const listener of this.#listeners) listener(this.#current);
    return true;
  }

  /** Calls `listener` after each reload that changed something. Returns the way to stop that. */
  onReload(listener: (pem: TlsPem) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Reloads at an interval (default one minute) until the function returned is called; does not keep the process alive.
   * A failed reload goes to `onError` and is tried again.
   */
  watch(options: { readonly intervalMs?: number; readonly onError: (error: unknown) => void }): () => void {
    const timer = setInterval(() => {
      try {
        this.reload();
      } catch (error) {
        options.onError(error);
      }
    }, options.intervalMs ?? 60_000).unref();
    return () => {
      clearInterval(timer);
    };
  }
}

/**
 * TLS material from PEM files.
 *
 * @throws TlsFilesError when one cannot be read, or they do not belong together
 */
export function loadTls(files: TlsFiles): TlsMaterial {
  return new TlsMaterial(() => ({
    ca: readPem(files.ca),
    cert: readPem(files.cert),
    key: readPem(files.key),
  }));
}

/** TLS material from texts at hand; it never changes. */
export function tlsFromPem(pem: TlsPem): TlsMaterial {
  return new TlsMaterial(() => pem);
}

function readPem(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new TlsFilesError(`Cannot read ${path}: check the path and that this user may read it.`, { cause });
  }
}

function checked(pem: TlsPem): TlsPem {
  try {
    // A CA that does not parse is passed over in silence, and so is the cut end of a bundle that is still being written.
    for (const certificate of [...certificatesIn(pem.ca), ...certificatesIn(pem.cert)]) new X509Certificate(certificate);
    if (new X509Certificate(pem.cert).checkPrivateKey(createPrivateKey(pem.key))) {
      createSecureContext(requireTls13({ ...pem }));
      return pem;
    }
  } catch (cause) {
    throw new TlsFilesError("CA, certificate or key is not usable PEM: make them with `cox cert`.", {
      cause,
    });
  }
  throw new TlsFilesError(
    "The private key does not belong to the certificate: give the pair that was issued together.",
  );
}
