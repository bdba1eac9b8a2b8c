/** What is wrong with the options, one line for each, with what to write instead. */
export class ConfigError extends Error {
  readonly code = "CONFIG_INVALID";
  readonly category = "invalid";
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(`The configuration does not hold:\n${problems.map((problem) => `  ${problem}`).join("\n")}`, options);
    this.name = "ConfigError";
    this.problems = problems;
  }
}
