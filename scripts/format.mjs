// `npm run format [-- FILE…]`: formats the files (Prettier, 120 columns). `npm run check -- format` lists unformatted
// ones.
import { join } from 'node:path';
import { install } from './install.mjs';
import { root } from './build.mjs';
import { runTool } from './check/run-tool.mjs';

await install({ quiet: true });
const files = process.argv.slice(2);
const { code, out, err } = await runTool(
  join(root, 'node_modules/prettier/bin/prettier.cjs'),
  ['--write', '--log-level', 'warn', ...(files.length === 0 ? ['.'] : files)],
  { cwd: root },
);
process.stdout.write(out);
process.stderr.write(err);
process.exitCode = code ?? 1;
