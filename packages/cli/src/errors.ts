/** What was asked for cannot be made sense of; exit code 2. */
export class UsageError extends Error {
  readonly code = "USAGE" as const;
  readonly category = "invalid" as const;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "UsageError";
  }
}

/** A file stands in the way; exit code 6. */
export class FileExistsError extends Error {
  readonly code = "FILE_EXISTS" as const;
  readonly category = "conflict" as const;

  constructor(path: string) {
    super(`${path} exists already: choose another place, or say --force to replace it.`);
    this.name = "FileExistsError";
  }
}

/** A file that cannot be read or written; exit code 1. */
export class FileError extends Error {
  readonly code = "FILE_UNUSABLE" as const;
  readonly category = "internal" as const;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "FileError";
  }
}
