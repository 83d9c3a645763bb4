// `npm run cli -- domains list`: the command line of the API (packages/cli), built when its sources have changed.
//   node scripts/cli.mjs --build-only   builds packages/cli/dist/lumi.js, one file with all that it imports
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './build.mjs';
import { messageOf } from './errors.mjs';
import { install } from './install.mjs';
import { withLock } from './lock.mjs';

const file = join(root, 'packages', 'cli', 'dist', 'lumi.js');
const stampFile = `${file}.stamp`;

async function build() {
  const { generateClient } = await import('./client.mjs');
  const { digestOf } = await import('./check/memory.mjs');
  await generateClient();
  const generated = ['cli', 'client'].map((name) => join(root, 'packages', name, 'src', 'generated'));
  const wanted = [
    digestOf(['scripts/cli.mjs', 'packages/cli', 'packages/client', 'pnpm-lock.yaml']),
    readFileSync(join(generated[1] ?? '', '.stamp'), 'utf8'),
  ].join(' ');
  const isBuilt = () => existsSync(file) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted;
  if (isBuilt()) return;
  await withLock(join(root, 'node_modules', '.lumi-cli.lock'), async () => {
    if (isBuilt()) return;
    const esbuild = await import('esbuild');
    await esbuild.build({
      entryPoints: [join(root, 'packages', 'cli', 'src', 'lumi.ts')],
      outfile: file,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'node20',
      minifyWhitespace: true,
      banner: { js: '#!/usr/bin/env node' },
      alias: { '@lumi/client': join(root, 'packages', 'client', 'src', 'index.ts') },
      logLevel: 'error',
    });
    chmodSync(file, 0o755);
    writeFileSync(stampFile, wanted);
  });
}

try {
  await install({ quiet: true });
  await build();
} catch (err) {
  console.error(messageOf(err));
  process.exit(1);
}
if (process.argv[2] !== '--build-only') {
  const child = spawn(process.execPath, [file, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child.kill(signal));
  child.on('close', (code) => process.exit(code ?? 1));
}
