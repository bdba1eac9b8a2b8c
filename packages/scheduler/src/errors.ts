/** A setting that the scheduler cannot work with. */
export class SchedulerSettingsError extends Error {
  readonly code = "SCHEDULER_SETTINGS";
  readonly category = "invalid";

  constructor(message: string) {
    super(message);
    this.name = "SchedulerSettingsError";
  }
}
