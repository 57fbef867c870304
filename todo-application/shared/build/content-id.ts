import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** Made by tools or for other uses: not in the image's build context, or not in what is built. */
const LEFT_OUT = /^(node_modules|\.next|test|next-env\.d\.ts|Dockerfile.*|.*\.tsbuildinfo|.*\.md|packages\.txt)$/;

function* files(root: string, name: string): Generator<string> {
  if (!lstatSync(path.join(root, name)).isDirectory()) yield name;
  else {
    for (const inside of readdirSync(path.join(root, name)).sort()) {
      if (!LEFT_OUT.test(inside)) yield* files(root, path.posix.join(name, inside));
    }
  }
}

/** Give a number that stands for the names and contents of `sources`, files or folders below `root`. */
export function contentId(root: string, sources: string[]): string {
  const whole = createHash("sha256");
  for (const source of sources) {
    for (const name of files(root, source)) {
      whole.update(`${name}\0`).update(
        createHash("sha256")
          .update(readFileSync(path.join(root, name)))
          .digest(),
      );
    }
  }
  // Digits alone: it is part of addresses, and blockers of advertisements look for letters.
  return whole.digest().readBigUInt64BE().toString();
}
