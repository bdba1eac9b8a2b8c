/**
 * The Docker engine of this machine, if it has one.
 */
import { request } from "node:http";

/** Where Docker's own tools would look, if that is a unix socket. */
export function engineSocket() {
  const [, path] = /^unix:\/\/(\/.+)$/.exec(process.env.DOCKER_HOST ?? "") ?? [];
  return path ?? "/var/run/docker.sock";
}

/** Whether the engine has the image, so that nothing needs to be pulled. */
export function hasImage(socketPath, image) {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: `/images/${encodeURIComponent(image)}/json`, agent: false, timeout: 2_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", () => resolve(false));
    asked.end();
  });
}
