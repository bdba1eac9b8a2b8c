/**
 * The identity of a node in a file of its data directory: JSON with a checksum, replaced as a whole.
 */
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import type { Identity, IdentityStore, Member } from "@coxswain/raft-core";
import { replaceFile } from "./durable-file.ts";
import { IdentityDamagedError, StorageFailedError } from "./errors.ts";
import { fieldOf } from "./foreign-error.ts";

const FORMAT = 1;

/**
 * Open the log of the same data directory first: its lock keeps a second process, started by
 * mistake, from saving an identity as well.
 */
export class FileIdentityStore implements IdentityStore {
  /** Where the identity lives. */
  readonly file: string;
  #saved: Identity | undefined;

  /** Keeps `identity.json` in `directory`, which is made when the first identity is saved. */
  constructor(directory: string) {
    this.file = join(directory, "identity.json");
  }

  /** The last identity loaded or saved: what a node answers others from. */
  get saved(): Identity | undefined {
    return this.#saved;
  }

  /** Throws {@link IdentityDamagedError} for a file that cannot be trusted. */
  async load(): Promise<Identity | undefined> {
    const text = await this.#read();
    this.#saved = text === undefined ? undefined : parse(this.file, text);
    return this.#saved;
  }

  /** Throws {@link StorageFailedError}; the node must stop then, and finds the old identity or the new at its next start. */
  async save(identity: Identity): Promise<void> {
    try {
      await mkdir(dirname(this.file), { recursive: true });
      await replaceFile(this.file, Buffer.from(format(identity)));
    } catch (error) {
      throw new StorageFailedError(this.file, error);
    }
    this.#saved = structuredClone(identity);
  }

  async #read(): Promise<string | undefined> {
    try {
      return await readFile(this.file, "utf8");
    } catch (error) {
      if (fieldOf(error, "code") === "ENOENT") return undefined;
      throw new IdentityDamagedError(this.file, "it cannot be read", { cause: error });
    }
  }
}

function format(identity: Identity): string {
  return `${JSON.stringify({ format: FORMAT, crc32: checksum(identity), identity }, null, 2)}\n`;
}

function checksum(identity: Identity): string {
  return crc32(JSON.stringify(identity))
    .toString(16)
    .padStart(8, "0");
}

function parse(file: string, text: string): Identity {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new IdentityDamagedError(file, "it is not JSON", { cause: error });
  }
  if (!isRecord(content)) throw new IdentityDamagedError(file, "it is not an object");
  if (content["format"] !== FORMAT)
    throw new IdentityDamagedError(file, `its format is ${String(content["format"])}, not ${FORMAT}`);
  const identity = content["identity"];
  if (!isIdentity(identity)) throw new IdentityDamagedError(file, "a field is missing or has the wrong type");
  if (content["crc32"] !== checksum(identity))
    throw new IdentityDamagedError(file, "its checksum does not match");
  return identity;
}

function isIdentity(value: unknown): value is Identity {
  if (!isRecord(value) || !isText(value["nodeUuid"]) || !Number.isInteger(value["starts"])) return false;
  const { clusterId, members } = value as { clusterId?: unknown; members?: unknown };
  if (clusterId === undefined && members === undefined) return true;
  return isText(clusterId) && Array.isArray(members) && members.every(isMember);
}

function isMember(value: unknown): value is Member {
  return (
    isRecord(value) && Number.isInteger(value["id"]) && isText(value["uuid"]) && isText(value["address"])
  );
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
