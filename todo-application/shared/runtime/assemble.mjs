/**
 * Puts everything that runs into .next/app: Next.js' standalone server, the static files that it leaves out, and
 * main.cjs with its helper. The image copies this one directory, and a local run starts the same files.
 */
import { cpSync, existsSync, rmSync } from "node:fs";
import path from "node:path";

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
for (const name of ["main.cjs", "headers-compat.cjs"]) {
  copy(path.join(root, "todo-application/shared/runtime", name), path.join(target, name));
}
console.log(`assembled ${path.relative(root, target)}`);
