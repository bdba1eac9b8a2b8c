import { InvalidTaskError } from "@coxswain/executor";
import type { DockerSettings } from "./docker-options.ts";

/** `[registry[:port]/]name[/name...][:tag][@digest]`. */
const REFERENCE = /^[a-z0-9][a-z0-9.-]*(:[0-9]+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$/;
const MAX_LENGTH = 512;

/**
 * The image of a task, complete with its tag: without one the engine would pull all tags.
 *
 * @throws {InvalidTaskError} when it is no image's name, or not one that this node allows
 */
export function imageOf(asked: string, settings: Pick<DockerSettings, "image" | "images">): string {
  const image = withTag(asked === "" ? settings.image : asked);
  if (image.length > MAX_LENGTH || !REFERENCE.test(image)) {
    throw new InvalidTaskError(`${JSON.stringify(asked)} is no image's name; write it like alpine:latest.`);
  }
  if (settings.images === "all" || settings.images.some((allowed) => matches(image, allowed))) return image;
  throw new InvalidTaskError(`The image ${image} is not allowed on this node; it allows ${settings.images.join(", ")}.`);
}

function matches(image: string, allowed: string): boolean {
  return allowed.endsWith("*") ? image.startsWith(allowed.slice(0, -1)) : image === withTag(allowed);
}

function withTag(image: string): string {
  const last = image.slice(image.lastIndexOf("/") + 1);
  return last.includes(":") || last.includes("@") ? image : `${image}:latest`;
}
