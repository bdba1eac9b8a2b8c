/**
 * Integration tests meet real clocks, ports and schedulers of the machine. One that fails runs once more; the first failure is printed, and the
 * closing summary names every test that needed it, so that it is mended rather than forgotten. Unit tests get no second try.
 */
import { expect, jest } from "@jest/globals";

if (/\.integration\.test\.ts$/.test(expect.getState().testPath ?? "")) jest.retryTimes(1, { logErrorsBeforeRetry: true });
