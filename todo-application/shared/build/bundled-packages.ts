import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/** What is used here of a webpack module; a concatenated one has the modules that it was made of. */
interface Module {
  resource?: string;
  modules?: Iterable<Module>;
}
interface Compiler {
  options: { name?: string };
  hooks: { afterEmit: { tap(name: string, emitted: (compilation: { modules: Iterable<Module> }) => void): void } };
}

/** Give the folder of the package that a file belongs to, or nothing for a file that is nobody's. */
export function packageFolder(file: string): string | undefined {
  return /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+(?=[\\/])/.exec(file)?.[0];
}

function* folders(modules: Iterable<Module>): Generator<string> {
  for (const module of modules) {
    const folder = packageFolder(module.resource ?? "");
    if (folder) yield folder;
    if (module.modules) yield* folders(module.modules);
  }
}

/**
 * Webpack plugin: writes which packages' code ended in the bundles, which have no node_modules that would tell.
 * One file for each compiler (client, server, edge-server); runtime/assemble.mjs puts them together.
 */
export class BundledPackages {
  constructor(private readonly target: string) {}

  apply(compiler: Compiler): void {
    compiler.hooks.afterEmit.tap("BundledPackages", ({ modules }) => {
      const packages = [...new Set(folders(modules))].map((folder) => {
        const { name, version, license } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
        return { folder, name, version, license };
      });
      mkdirSync(this.target, { recursive: true });
      writeFileSync(path.join(this.target, `bundled-${compiler.options.name}.json`), JSON.stringify(packages));
    });
  }
}
