import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { formatScript, parseScript } from "./harness/script.ts";
import { Stage } from "./harness/stage.ts";

const FOLDER = new URL(".", import.meta.url);
const UPDATE = process.env["COX_UPDATE_GOLDEN"] === "1";
const TRACES = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".trace"))
  .sort();

test("there are traces, and each says first what it shows and where that is written", () => {
  expect(TRACES.length).toBeGreaterThanOrEqual(30);
  for (const name of TRACES) {
    const preface = parseScript(readFileSync(new URL(name, FOLDER), "utf8"))[0]?.preface.join(" ") ?? "";
    expect({ name, cites: /^# .*(Raft paper|[Dd]issertation|raft-dev|etcd)/.test(preface) }).toEqual({
      name,
      cites: true,
    });
  }
});

test.each(TRACES)("%s goes as it is written", (name) => {
  const file = new URL(name, FOLDER);
  const written = readFileSync(file, "utf8");
  const stage = new Stage();
  const played = formatScript(
    parseScript(written).map((step) => ({
      ...step,
      output: step.command === undefined ? [] : stage.run(step.command),
    })),
  );
  if (UPDATE) writeFileSync(file, played);
  else expect(played).toBe(written);
});
