import type { ContainerSpec } from "./container-spec.ts";
import { ImageUnavailableError, messageOf, statusOf } from "./docker-errors.ts";
import type { DockerSettings } from "./docker-options.ts";
import type { Engine } from "./engine.ts";
import type { Images } from "./images.ts";
import type { Removals } from "./removals.ts";
import type { Termination } from "./termination.ts";

/** What all attempts of an executor share. */
export interface Surroundings {
  readonly settings: DockerSettings;
  readonly engine: Engine;
  readonly images: Images;
  readonly removals: Removals;
}

export interface MadeContainer {
  readonly id: string;
  /** Resolves if it may be started. */
  readonly checked: Promise<void>;
}

/**
 * Makes a container, with its image pulled if that is what the node does.
 *
 * @returns undefined if the attempt was ended before
 */
export async function makeContainer(spec: ContainerSpec, around: Surroundings, termination: Termination): Promise<MadeContainer | undefined> {
  const { engine, images, removals, settings } = around;
  await engine.checkFit();
  await removals.settled(spec.name);
  if (settings.pullPolicy !== "always") {
    if (termination.cause) return undefined;
    try {
      return await create(spec, engine);
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
      if (settings.pullPolicy === "never") throw new ImageUnavailableError(`${messageOf(error)}, and this node does not pull images.`);
    }
  }
  // A pull may go on for others; an end need not wait for it.
  await Promise.race([images.pull(spec.Image), termination.asked]);
  return termination.cause ? undefined : create(spec, engine);
}

/** The image is looked at beside, which costs no time; not before, as it may have to be pulled. */
async function create(spec: ContainerSpec, engine: Engine): Promise<MadeContainer> {
  const checked = checkVolumes(spec.Image, engine);
  checked.catch(() => {});
  return { id: await engine.create(spec), checked };
}

/** Volumes that an image declares would be writable, outside every limit. */
async function checkVolumes(image: string, engine: Engine): Promise<void> {
  const { Config: config } = await engine.within(engine.docker.getImage(image).inspect());
  const places = Object.keys(config.Volumes ?? {});
  if (places.length === 0) return;
  throw Object.assign(new Error(`The image declares volumes (${places.join(", ")}), which no limit holds; use another.`), { statusCode: 400 });
}
