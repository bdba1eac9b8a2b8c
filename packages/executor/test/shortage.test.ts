import { expect, test } from "@jest/globals";
import { isShortage } from "../src/index.ts";

test("a shortage passes; what is gone, refused or no system error is none", () => {
  const errno = (code: string): Error => Object.assign(new Error(code), { code });
  expect(["EMFILE", "ENFILE", "EAGAIN", "ENOMEM"].map((code) => isShortage(errno(code)))).toEqual([true, true, true, true]);
  expect([errno("ENOENT"), errno("ECONNREFUSED"), new Error("EMFILE"), undefined].map(isShortage)).toEqual([false, false, false, false]);
});
