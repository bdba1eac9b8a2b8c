/**
 * One run of one side, in a process of its own, so that no run inherits another's heap and compiled code.
 */
const PAYLOAD_BYTES = 256;

/** Keeps `inFlight` proposals under way in groups; `turn` takes the ready once a turn, otherwise after every call. */
function createLoad(cores, { group, inFlight, turn }, payload) {
  const { leader, mail } = cores;
  const payloads = Array(group).fill(payload);
  let proposed = 0;
  const round = () => {
    for (; proposed - leader.committed + group <= inFlight; proposed += group) {
      cores.propose(payloads);
      if (!turn) leader.drain();
    }
    if (turn) leader.drain();
    if (turn) mail.deliverTurn();
    else mail.deliverEach();
  };
  return { round, proposed: () => proposed };
}

/** Commits at the leader per second, and per second that this process was really running. */
function measure(load, leader, milliseconds) {
  const committedBefore = leader.committed;
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  let now = startedAt;
  for (; now - startedAt < milliseconds; now = performance.now()) load.round();
  const cpu = process.cpuUsage(cpuBefore);
  const committed = leader.committed - committedBefore;
  const perSecond = committed / ((now - startedAt) / 1_000);
  return { perSecond, perCpuSecond: committed / ((cpu.user + cpu.system) / 1_000_000) };
}

/** Nothing counts unless all members committed all of it. */
function check(cores, proposed) {
  cores.mail.deliverAll();
  for (const { committed, committedBytes } of cores.mail.members) {
    if (committed === proposed && committedBytes === proposed * PAYLOAD_BYTES) continue;
    throw new Error(
      `A member committed ${committed} entries of ${committedBytes} bytes in all, of ${proposed} proposed.`,
    );
  }
}

const { side, scene, seconds } = JSON.parse(process.argv[2]);
const { createCores, [side.payload]: createPayload } = await import(side.module);
const cores = createCores();
const load = createLoad(cores, scene, createPayload(PAYLOAD_BYTES));
measure(load, cores.leader, seconds * 400);
const figures = measure(load, cores.leader, seconds * 1_000);
check(cores, load.proposed());
console.log(JSON.stringify(figures));
