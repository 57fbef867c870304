/**
 * Makes the keys that Next.js would put into the image at every start, so that no layer holds a secret.
 * They sign what this application doesn't use: draft mode, revalidation on demand, server actions.
 * runtime/assemble.mjs leaves them out; docs/decisions/images.md has the reasons.
 */
const { randomBytes } = require("node:crypto");
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const path = require("node:path");

const hex = (length) => randomBytes(length).toString("hex");

/** `folder` is the assembled application; its .next/prerender-manifest.json is a link to the file written here. */
exports.provideKeys = function provideKeys(folder) {
  const next = path.join(folder, ".next");
  const manifest = JSON.parse(readFileSync(path.join(next, "prerender-manifest.keyless.json"), "utf8"));
  manifest.preview = {
    previewModeId: hex(16),
    previewModeSigningKey: hex(32),
    previewModeEncryptionKey: hex(32),
  };
  const cache = path.join(next, "cache");
  try {
    mkdirSync(cache, { recursive: true });
    // Whole at once: another process of the same folder may be reading.
    const made = path.join(cache, `prerender-manifest.${process.pid}.json`);
    writeFileSync(made, JSON.stringify(manifest), { mode: 0o600 });
    renameSync(made, path.join(cache, "prerender-manifest.json"));
  } catch (error) {
    throw new Error(
      `${cache}: cannot be written (${error.code}), and a file with keys has to be; mount a directory there`,
    );
  }
  process.env.NEXT_SERVER_ACTIONS_ENCRYPTION_KEY ||= randomBytes(32).toString("base64");
};
