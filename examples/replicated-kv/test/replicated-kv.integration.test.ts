/**
 * The example is what it says: short, and a replicated store.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { until } from "../../../scripts/lib/until.mjs";
import { preparedDirectory, Processes } from "./processes.ts";

const EXAMPLE = fileURLToPath(new URL("..", import.meta.url));
const MINUTE = 60_000;

let cluster: Processes;
beforeEach(async () => {
  cluster = await Processes.create();
});
afterEach(() => cluster.destroy());

const put = (body: string): RequestInit => ({ method: "PUT", body });
const other = (...ids: readonly number[]): number => [1, 2, 3].find((id) => !ids.includes(id)) ?? 0;

test("the embedder's own code is under 100 lines", () => {
  const lines = readFileSync(`${EXAMPLE}src/server.ts`, "utf8").split("\n");
  const code = lines.filter((line) => !/^\s*($|\/\/|\/?\*)/.test(line));
  expect(code.length).toBeLessThan(100);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120);
});

test(
  "what was put survives the leader, its followers, and the end of them all",
  async () => {
    cluster.start(1, 2, 3);
    const first = await cluster.leader();
    expect(await cluster.ask(first, "stroke", put("32"))).toMatchObject({ status: 200, body: "" });
    expect(await cluster.ask(first, "stroke", put("36"))).toMatchObject({ status: 200, body: "32" });
    expect(await cluster.read(other(first), "stroke")).toBe("36");

    await cluster.end(first, "SIGKILL");
    const second = await cluster.leader();
    expect(await cluster.read(other(first, second), "stroke")).toBe("36");
    await cluster.ask(second, "stroke", put("40"));

    cluster.start(first);
    expect(await cluster.read(first, "stroke")).toBe("40");

    for (const id of [1, 2, 3]) await cluster.end(id, "SIGKILL");
    cluster.start(1, 2, 3);
    for (const id of [1, 2, 3]) expect(await cluster.read(id, "stroke")).toBe("40");
  },
  3 * MINUTE,
);

test(
  "a follower reads, and sends writes to the leader",
  async () => {
    cluster.start(1, 2, 3);
    const leader = await cluster.leader();
    const follower = other(leader);
    const { status, location } = await cluster.ask(follower, "a%20key/with?signs", put("1"));
    expect(status).toBe(307);
    expect(await (await fetch(location, put("1"))).text()).toBe("");
    expect(await cluster.read(follower, "a%20key/with?signs")).toBe("1");
    expect(await cluster.ask(leader, "a%20key/with?signs", { method: "DELETE" })).toMatchObject({
      status: 200,
      body: "1",
    });
    expect(await cluster.read(follower, "a%20key/with?signs")).toBeUndefined();
  },
  MINUTE,
);

test(
  "what is no request, or too large, is refused",
  async () => {
    cluster.start(1, 2, 3);
    const leader = await cluster.leader();
    const refused = { status: 400 };
    expect(await cluster.ask(leader, "key", { method: "POST", body: "1" })).toMatchObject(refused);
    expect(await cluster.ask(leader, "key", put("x".repeat(64 * 1024 + 1)))).toMatchObject(refused);
    expect(await cluster.ask(leader, "%zz")).toMatchObject(refused);
  },
  MINUTE,
);

test(
  "states are saved as snapshots, and a start goes on from there",
  async () => {
    cluster.start(1, 2, 3);
    const leader = await cluster.leader();
    for (let n = 0; n < 1_100; n += 100)
      await Promise.all(
        Array.from({ length: 100 }, (_, i) => cluster.ask(leader, `key-${n + i}`, put(String(n + i)))),
      );
    for (const id of [1, 2, 3]) await cluster.end(id, "SIGKILL");
    cluster.start(1, 2, 3);
    for (const id of [1, 2, 3]) {
      expect(await cluster.read(id, "key-7")).toBe("7");
      expect(await cluster.read(id, "key-1099")).toBe("1099");
      expect(cluster.savedIndex(id)).toBeGreaterThanOrEqual(1_000);
    }
  },
  2 * MINUTE,
);

test(
  "SIGTERM lets a node finish, and the others go on under a new leader",
  async () => {
    cluster.start(1, 2, 3);
    const leader = await cluster.leader();
    const writes = Array.from({ length: 50 }, (_, n) => cluster.ask(leader, `late-${n}`, put("1")));
    await writes[0];
    expect(await cluster.end(leader, "SIGTERM")).toEqual([0, null]);
    const answers = await Promise.allSettled(writes);
    const next = await cluster.leader();
    for (const [n, answer] of answers.entries())
      if (answer.status === "fulfilled" && answer.value.status === 200)
        expect(await cluster.read(next, `late-${n}`)).toBe("1");
  },
  MINUTE,
);

test(
  "the README's commands do what it says",
  async () => {
    const { directory, nodes } = await preparedDirectory();
    const [, block = ""] = /```sh\n([\s\S]*?)```/.exec(readFileSync(`${EXAMPLE}README.md`, "utf8")) ?? [];
    const commands = block
      .split("\n")
      .map((line) => line.replace(/\s+#.*$/, "").trim())
      .filter((line) => line !== "");
    expect(commands).toHaveLength(4);
    expect(commands[0]).toBe("npm run build");
    expect(commands[1]).toBe("node examples/replicated-kv/cluster.mjs &");
    const script = spawn(process.execPath, [`${EXAMPLE}cluster.mjs`, directory], { stdio: "ignore" });
    const ended = once(script, "close");
    const here = (command: string): string =>
      command.replace(
        /127\.0\.0\.1:810(\d)/,
        (_all, id) => nodes.find((node) => node.id === Number(id))?.http ?? "",
      );
    const run = async (command = ""): Promise<string> =>
      (
        await promisify(execFile)("sh", [
          "-c",
          here(command).replace("curl ", "curl --silent --fail --max-time 5 "),
        ])
      ).stdout;
    try {
      await until("the first put", async () => (await run(commands[2]), true));
      expect(await run(commands[3])).toBe("36");
    } finally {
      script.kill("SIGTERM");
      await ended;
      await rm(directory, { recursive: true, force: true });
    }
  },
  MINUTE,
);
