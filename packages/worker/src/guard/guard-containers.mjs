// How the guard ends containers through their engine.
//
// Killing the processes of a container is not enough, and not always possible: one that the engine is about to start
// has none yet, and without root the guard cannot see those of others. So the engine is asked until it says that the
// container is gone, or has ended. A container that was made but does not run is removed: the engine then refuses to start it.
// @ts-check
import { request } from "node:http";

/** @typedef {import("./guard-kill.mjs").ContainerTarget} ContainerTarget */
/** @typedef {{ Id: string, State: string, Labels: Record<string, string> }} Listed */
/** @typedef {{ ended: ContainerTarget[], unheard: ContainerTarget[] }} Outcome */

const ANSWER_WITHIN_MS = 5_000;
const ENDED = new Set(["exited", "dead"]);

/**
 * Ends the containers of all targets as far as their engines answer.
 *
 * @param {readonly ContainerTarget[]} ending
 * @param {boolean} remove whether nobody is there to read how they ended
 * @returns {Promise<Outcome>} `ended`: nothing of them runs, nor ever will, by their engine's word; `unheard`: their
 *   engine does not answer
 */
export async function endContainers(ending, remove) {
  const sockets = new Set(ending.map(({ socketPath }) => socketPath));
  const outcomes = await Promise.all(
    [...sockets].map((socketPath) => endOn(socketPath, ending.filter((target) => target.socketPath === socketPath), remove)),
  );
  return { ended: outcomes.flatMap(({ ended }) => ended), unheard: outcomes.flatMap(({ unheard }) => unheard) };
}

/**
 * @param {string} socketPath
 * @param {ContainerTarget[]} ending
 * @param {boolean} remove
 * @returns {Promise<Outcome>}
 */
async function endOn(socketPath, ending, remove) {
  try {
    const names = new Set(ending.map(({ label }) => label.slice(0, label.indexOf("="))));
    const listed = (await Promise.all([...names].map((name) => list(socketPath, name)))).flat();
    const ended = ending.map(async (target) => {
      const own = listed.filter(({ Labels }) => carries(Labels, target.label));
      const gone = await Promise.all(own.map((container) => end(socketPath, container, remove)));
      return gone.every(Boolean) ? [target] : [];
    });
    return { ended: (await Promise.all(ended)).flat(), unheard: [] };
  } catch {
    return { ended: [], unheard: ending };
  }
}

/**
 * @param {string} socketPath
 * @param {string} name of a label
 * @returns {Promise<Listed[]>}
 */
async function list(socketPath, name) {
  const filters = encodeURIComponent(JSON.stringify({ label: [name] }));
  const { status, body } = await ask(socketPath, "GET", `/containers/json?all=1&filters=${filters}`);
  if (status !== 200) throw new Error(`the engine does not list its containers: ${status}`);
  return JSON.parse(body);
}

/**
 * @param {Record<string, string>} labels
 * @param {string} label `name=value`
 */
function carries(labels, label) {
  const at = label.indexOf("=");
  return labels[label.slice(0, at)] === label.slice(at + 1);
}

/**
 * @param {string} socketPath
 * @param {Listed} container
 * @param {boolean} remove
 * @returns {Promise<boolean>} whether it is gone or has ended; false: look again
 */
async function end(socketPath, { Id: id, State: state }, remove) {
  if (!remove && ENDED.has(state)) return true;
  if (!remove && state === "running") {
    const { status } = await ask(socketPath, "POST", `/containers/${id}/kill?signal=KILL`);
    // The next look shows whether it died.
    if (status === 204) return false;
  }
  // While the engine starts it, this waits until it has, and then kills it.
  const { status } = await ask(socketPath, "DELETE", `/containers/${id}?force=1&v=1`);
  return status === 204 || status === 404;
}

/**
 * @param {string} socketPath
 * @param {string} method
 * @param {string} path
 * @returns {Promise<{ status: number | undefined, body: string }>}
 */
function ask(socketPath, method, path) {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const asked = request({ socketPath, method, path, agent: false, signal }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (piece) => (body += piece));
      response.on("end", () => resolve({ status: response.statusCode, body }));
      response.on("error", reject);
    });
    asked.on("error", reject);
    asked.end();
  });
}
