import { describe, expect, test } from "@jest/globals";
import { ConfigError } from "../../src/config/errors.ts";
import { listenAddress, loadConfig, secure } from "../../src/config/load-config.ts";
import type { NodeOptions } from "../../src/config/options.ts";

function load(argv: string[], env: Record<string, string> = {}, file?: string): NodeOptions {
  const options = loadConfig({
    argv,
    env,
    readFile: () => {
      if (file === undefined) throw new Error("no such file");
      return file;
    },
  });
  if ("help" in options) throw new Error("help was not asked for");
  return options;
}

const problemsOf = (...args: Parameters<typeof load>): readonly string[] => {
  try {
    load(...args);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};

describe("configuration", () => {
  test("without anything, a node serves loopback without TLS", () => {
    const options = load([]);
    expect(options).toMatchObject({ nodeId: 1, peers: [], dataDir: "./data", slotGap: 10_000, capacity: 64 });
    expect(listenAddress(options)).toBe("127.0.0.1:50051");
    expect(secure(options)).toBe(false);
  });

  test("a flag wins over a variable, a variable over the file, the file over the default", () => {
    const env = { COX_CONFIG: "node.json", SLOT_GAP: "20s", LOG_LEVEL: "DEBUG" };
    const file = JSON.stringify({ slotGap: "30s", capacity: 7, logLevel: "error" });
    const options = load(["--slot-gap", "5s"], env, file);
    expect(options).toMatchObject({ slotGap: 5_000, logLevel: "debug", capacity: 7 });
  });

  test("the origin's flags and variables keep their meaning", () => {
    const options = load(
      ["--node-id", "2", "--port", "6000", "--peers", "1:127.0.0.1:50051,3:127.0.0.1:50053", "--image", "busybox", "--allow-insecure"],
      { DATA_DIR: "/var/lib/cox", MAX_EXECUTION_ATTEMPTS: "5", JOB_EXECUTION_TIMEOUT: "90s", QUEUE_MEMORY_LIMIT: "500MB" },
    );
    expect(options).toMatchObject({
      nodeId: 2,
      peers: [
        { id: 1, address: "127.0.0.1:50051" },
        { id: 3, address: "127.0.0.1:50053" },
      ],
      image: "busybox",
      insecure: true,
      dataDir: "/var/lib/cox",
      maxExecutionAttempts: 5,
      jobExecutionTimeout: 90_000,
      maxActiveJobBytes: 500 * 1024 ** 2,
    });
    expect(listenAddress(options)).toBe("127.0.0.1:6000");
    expect(load([], { NODE_ID: "node-3" }).nodeId).toBe(3);
  });

  test.each([
    [["--slot-gap", "soon"], /--slot-gap: "soon" is not a duration/],
    [["--peers", "2-127.0.0.1"], /--peers: "2-127.0.0.1" is not a peer/],
    [["--node-id", "1", "--peers", "1:127.0.0.1:1"], /own id 1/],
    [["--ca-cert", "ca.pem"], /belong together/],
    [["--tls"], /--tls needs/],
    [["--listen", "0.0.0.0:50051"], /not loopback/],
    [["--election-timeout-min", "400ms"], /must be below/],
    [["--no-such-flag"], /unknown option/],
    [["--capacity", "-1"], /at least 0/],
  ])("%j is refused and says what to write", (argv, expected) => {
    expect(problemsOf(argv).join("\n")).toMatch(expected);
  });

  test("an unknown key in the file and a file that is not JSON are refused", () => {
    expect(problemsOf(["--config", "x"], {}, `{"slotGapp": 1}`)[0]).toMatch(/"slotGapp" is not an option/);
    expect(problemsOf(["--config", "x"], {}, `{`)[0]).toMatch(/cannot be read as JSON/);
    expect(problemsOf(["--config", "x"])[0]).toMatch(/no such file/);
  });

  test("every complaint is reported at once", () => {
    expect(problemsOf(["--slot-gap", "x", "--node-ttl", "y"], { LOG_LEVEL: "loud" })).toHaveLength(3);
  });

  test("--help tells every option", () => {
    const result = loadConfig({ argv: ["--help"], env: {}, readFile: () => "" });
    expect(result).toHaveProperty("help", expect.stringContaining("--webhook-allow"));
  });
});

describe("what would only fail later is refused as configuration, with the flag named", () => {
  test.each([
    [["--executors", "process,dockr"], /--executors: "dockr" unknown; choose from process, docker, webhook/],
    [["--webhook-allow", "10.0.0.0"], /--webhook-allow: must be ranges such as 10\.0\.0\.0\/8/],
    [["--webhook-allow", "10.0.0.0/33"], /--webhook-allow: must be ranges/],
    [["--node-ttl", "0"], /--node-ttl: must be between 500ms and 1h/],
    [["--slot-gap", "1ms"], /--slot-gap: must be between/],
    [["--output-tail-bytes", "1MB"], /--output-tail-bytes: must be between 0 and 256KB/],
    [["--listen", "127.0.0.1:99999"], /--listen: must have a port up to 65535/],
  ])("%j", (argv, message) => {
    expect(problemsOf(argv).join()).toMatch(message);
  });

  test("ranges and `all` are taken", () => {
    expect(load(["--webhook-allow", "10.0.0.0/8,fd00::/8"]).webhookAllow).toEqual(["10.0.0.0/8", "fd00::/8"]);
    expect(load(["--webhook-allow", "all"]).webhookAllow).toEqual(["all"]);
  });
});

describe("the executors' options", () => {
  test("all three are offered by default, with limits, and processes not without", () => {
    expect(load([])).toMatchObject({
      ...{ executors: ["process", "docker", "webhook"], allowUnlimitedProcesses: false, processIsolation: "full" },
      ...{ processMemory: 256 * 1024 ** 2, processSwap: 0, processCpus: 0.5, processPids: 256, processTmp: 64 * 1024 ** 2 },
      ...{ image: "alpine:latest", dockerImages: [], dockerPull: "missing", dockerSocket: "/var/run/docker.sock" },
      ...{ dockerMemory: 256 * 1024 ** 2, dockerCpus: 0.5, dockerJobTimeout: 30_000, dockerPullTimeout: 120_000 },
      ...{ webhookMaxRedirects: 0 },
    });
    expect(load([])).toMatchObject({ processIo: undefined, processMaxMemory: undefined, webhookSecretFile: undefined });
  });

  test("flags, variables and the file say them", () => {
    const argv = ["--allow-unlimited-processes", "--process-cpus", "0.25", "--docker-socket", "unix:///run/user/1000/docker.sock"];
    const env = { COX_DOCKER_IMAGES: "alpine:*, busybox:latest", COX_PROCESS_READ_ONLY_PATHS: "/opt,/srv" };
    expect(load(argv, { ...env, COX_CONFIG: "x" }, JSON.stringify({ dockerMaxMemory: "1GB", processIo: 1_000 }))).toMatchObject({
      ...{ allowUnlimitedProcesses: true, processCpus: 0.25, dockerSocket: "/run/user/1000/docker.sock" },
      ...{ dockerImages: ["alpine:*", "busybox:latest"], processReadOnlyPaths: ["/opt", "/srv"] },
      ...{ dockerMaxMemory: 1024 ** 3, processIo: 1_000 },
    });
  });

  test.each([
    [["--process-memory", "0"], /--process-memory: must be between 1MB and/],
    [["--process-cpus", "0"], /--process-cpus: must be at least 0\.01/],
    [["--process-cpus", "NaN"], /--process-cpus: must be a number/],
    [["--process-cpus", "Infinity"], /--process-cpus: must be/],
    [["--process-pids", "1.5"], /--process-pids: must be a whole number/],
    [["--process-swap", "-1"], /--process-swap: "-1" is not a size/],
    [["--docker-memory", "1MB"], /--docker-memory: must be between 6MB and/],
    [["--process-open-files", "1"], /--process-open-files: must be at least 16/],
    [["--docker-pull", "sometimes"], /--docker-pull: /],
    [["--docker-job-timeout", "0"], /--docker-job-timeout: must be between/],
    [["--docker-socket", "tcp://10.0.0.1:2375"], /--docker-socket: must be the path of a unix socket/],
    [["--process-read-only-paths", "/opt,srv"], /--process-read-only-paths: must be absolute paths/],
    [["--process-read-only-paths", "/tmp/x"], /--process-read-only-paths: must not lie below \/tmp/],
    [["--cgroup-directory", "coxswain"], /--cgroup-directory: must be an absolute path/],
    [["--webhook-max-redirects", "-1"], /--webhook-max-redirects: must be at least 0/],
    [["--process-isolation", "none"], /--process-isolation none needs --allow-unlimited-processes/],
  ])("%j is refused", (argv, message) => {
    expect(problemsOf(argv).join("\n")).toMatch(message);
  });
});

describe("the address that other members dial", () => {
  const peers = ["--peers", "2:10.0.0.2:50051", "--insecure"];

  test.each(["0.0.0.0:50051", "[::]:50051"])("--listen %s says nothing to them: --advertise-addr is asked for", (listen) => {
    expect(problemsOf(["--listen", listen, ...peers]).join()).toMatch(/--listen .* nothing that other members can dial.*--advertise-addr/);
    expect(problemsOf(["--listen", listen, "--advertise-addr", "10.0.0.1:50051", ...peers])).toEqual([]);
  });

  test("nor does a port that is chosen at the start", () => {
    expect(problemsOf(["--port", "0", ...peers]).join()).toMatch(/--advertise-addr/);
  });

  test("a node without peers may listen anywhere", () => {
    expect(problemsOf(["--listen", "0.0.0.0:0", "--insecure"])).toEqual([]);
  });

  test("--advertise-addr itself must be one", () => {
    expect(problemsOf(["--advertise-addr", "0.0.0.0:50051"]).join()).toMatch(/--advertise-addr 0\.0\.0\.0:50051 cannot be dialled/);
  });
});
