/**
 * Puts everything that runs into .next/app: Next.js' standalone server, the static files that it leaves out, and
 * main.cjs with its helpers. The image copies this one directory, and a local run starts the same files.
 * What is left out: Next.js' random keys (keys.cjs makes them at the start). What is added: which packages were bundled.
 */
import { cpSync, existsSync, lstatSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

const app = process.cwd();
const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), "../../..");
const standalone = path.join(app, ".next/standalone");
const own = path.join(standalone, path.relative(root, app));
const target = path.join(app, ".next/app");

if (!existsSync(path.join(own, "server.js"))) {
  throw new Error(`${own} has no server.js: run "next build" with output "standalone" first`);
}
rmSync(target, { recursive: true, force: true });
const copy = (from, to) => existsSync(from) && cpSync(from, to, { recursive: true, verbatimSymlinks: true });
copy(path.join(standalone, "node_modules"), path.join(target, "node_modules"));
copy(own, target);
copy(path.join(app, ".next/static"), path.join(target, ".next/static"));
for (const name of ["main.cjs", "assets.cjs", "check-settings.cjs", "headers-compat.cjs", "inbound.cjs", "keys.cjs"]) {
  copy(path.join(root, "todo-application/shared/runtime", name), path.join(target, name));
}
for (const name of runtimePackages(["sirv"])) {
  copy(path.join(root, "node_modules", name), path.join(target, "node_modules", name));
}
const next = path.join(target, ".next");
compress(path.join(next, "static"));
leaveOutKeys();
orderManifests();
const bundled = bundledPackages();
writeJson(
  path.join(target, "bundled-packages.json"),
  bundled.map(({ name, version, license }) => ({ name, version, license })),
);
writeList();
console.log(`assembled ${path.relative(root, target)}`);

function readJson(file) {
  return JSON.parse(readFileSync(file, "utf8"));
}

function writeJson(file, value) {
  writeFileSync(file, `${JSON.stringify(value, null, 1)}\n`);
}

/** Packages that are needed beside what Next.js found, with those that they need themselves. */
function runtimePackages(names) {
  const found = new Set(names);
  for (const name of found) {
    const { dependencies } = readJson(path.join(root, "node_modules", name, "package.json"));
    for (const needed of Object.keys(dependencies ?? {})) found.add(needed);
  }
  return found;
}

/** Writes NAME.br and NAME.gz beside each text file, as small as can be: assets.cjs serves them. */
function compress(folder) {
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!/\.(js|css|json|svg)$/.test(name)) continue;
    const file = path.join(folder, name);
    const content = readFileSync(file);
    writeFileSync(`${file}.br`, brotliCompressSync(content));
    writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }));
  }
}

/** Next.js lists pages in the order in which its workers were done with them: the same build, other files. */
function orderManifests() {
  for (const folder of [next, path.join(next, "server")]) {
    for (const name of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
      const file = path.join(folder, name);
      if (!lstatSync(file).isSymbolicLink()) writeJson(file, ordered(readJson(file)));
    }
  }
}

function ordered(value) {
  if (Array.isArray(value) || typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, ordered(value[key])]),
  );
}

function leaveOutKeys() {
  const prerendered = path.join(next, "prerender-manifest.json");
  const { preview, ...manifest } = readJson(prerendered);
  writeJson(path.join(next, "prerender-manifest.keyless.json"), manifest);
  rmSync(prerendered);
  symlinkSync("cache/prerender-manifest.json", prerendered);

  const references = path.join(next, "server/server-reference-manifest.json");
  const { encryptionKey, ...actions } = readJson(references);
  if (Object.keys({ ...actions.node, ...actions.edge }).length > 0) {
    throw new Error(
      "server actions need one key for all replicas and a fixed one at build: see docs/decisions/images.md",
    );
  }
  writeJson(references, actions);
}

/** The packages of all bundles, sorted, each folder once. */
function bundledPackages() {
  const lists = readdirSync(path.join(app, ".next")).filter((name) => /^bundled-.*\.json$/.test(name));
  if (lists.length === 0) throw new Error(`${app}/.next has no bundled-*.json: build/bundled-packages.ts did not run`);
  const all = lists.flatMap((name) => readJson(path.join(app, ".next", name)));
  const found = new Map(all.map((entry) => [path.relative(root, entry.folder), entry]));
  return [...found.keys()].sort().map((folder) => ({ ...found.get(folder), folder }));
}

/** The folders of the packages that lie in node_modules, in those of packages too. */
function* installedPackages(folder) {
  for (const entry of existsSync(folder) ? readdirSync(folder) : []) {
    const inside = path.join(folder, entry);
    if (entry.startsWith("@")) yield* installedPackages(inside);
    else {
      if (existsSync(path.join(inside, "package.json"))) yield inside;
      yield* installedPackages(path.join(inside, "node_modules"));
    }
  }
}

/** Keeps packages.txt, from which the image's label is made before it is built, as the build found it. */
function writeList() {
  const installed = [...installedPackages(path.join(target, "node_modules"))].map((found) =>
    path.relative(target, found),
  );
  const text = `${[...new Set([...installed, ...bundled.map((entry) => entry.folder)])].sort().join("\n")}\n`;
  const list = path.join(app, "packages.txt");
  if (existsSync(list) && readFileSync(list, "utf8") === text) return;
  writeFileSync(list, text);
  console.log(`${path.relative(root, list)} was not up to date: run "npm run build" in the checkout and commit it`);
}
