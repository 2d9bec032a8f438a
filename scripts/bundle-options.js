/** How everything here is bundled for Node: the program, its variants, and the benchmark. */
export const bundleOptions = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  // jsonc-parser: what its 'main' names cannot be bundled.
  mainFields: ['module', 'main'],
  target: 'node20.19',
  // commander and yaml are CommonJS inside, and call require() for what Node brings.
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
  logLevel: 'warning',
};

/** The program: one file to start from, and one for each part that a command loads when it needs it. */
export function programOptions(root, dist) {
  return {
    ...bundleOptions,
    absWorkingDir: root,
    entryPoints: { main: 'src/cli/main.ts' },
    outdir: dist,
    // What a command loads with import() stays in a file of its own: `--help` reads no YAML parser.
    splitting: true,
    chunkNames: 'chunk-[hash]',
    // Names stay, so that a stack trace can be read.
    minifyWhitespace: true,
    legalComments: 'inline',
  };
}
