// The bundles that `npm start` and the image run: they are the same, and the stack of an error names file and line of
// the source.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');
const PROGRAMS = [
  'gateway/dist/server',
  'packages/crypto-pay-double/dist/server',
  ...['domains', 'vps', 'proxy'].flatMap((product) => [
    `services/${product}/dist/server`,
    `services/${product}/dist/worker`,
  ]),
  'services/proxy/dist/node/main',
];

describe('the bundles', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lumi-bundles-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(PROGRAMS)('name the source of %s, with its line, in the stack of an error', (program) => {
    const bundle = join(root, `${program}.bundle.js`);
    if (!existsSync(bundle)) throw new Error(`${bundle} is missing; run: npm test -- bundles`);
    // Without settings each process reports why it does not start. The error is made at the line that reports it.
    const preload = join(folder, 'preload.cjs');
    writeFileSync(
      preload,
      `process.stderr.write = () => { process.stdout.write(new Error('made for its stack').stack); return true; };
       console.error = process.stderr.write;`,
    );

    const { stdout, status } = spawnSync(process.execPath, ['--require', preload, bundle], {
      env: { PATH: process.env.PATH, NODE_OPTIONS: flagsOfTheImage() },
      encoding: 'utf8',
    });

    expect(status).toBe(1);
    const [innermost, ...outer] = framesIn(stdout);
    expect(innermost?.file).toMatch(/\.ts$/);
    expect(innermost?.text).toMatch(/process\.stderr\.write|console\.error/);
    const own = join(root, program.slice(0, program.indexOf('/dist/')), 'src');
    expect([innermost, ...outer].filter((frame) => frame?.file.startsWith(own))).not.toEqual([]);
  });
});

function flagsOfTheImage(): string | undefined {
  return / NODE_OPTIONS="(.+)"$/m.exec(readFileSync(join(root, 'infra', 'docker', 'Dockerfile'), 'utf8'))?.[1];
}

/** The lines of our sources in a stack, the innermost first. */
function framesIn(stack: string): { file: string; text: string | undefined }[] {
  // The folder may have a blank in its name.
  return [...stack.matchAll(/(?: at |\()(\/[^()]+):(\d+):\d+\)?$/gm)]
    .map(([, file = '', line]) => ({ file, line: Number(line) }))
    .filter(({ file }) => file.startsWith(root) && existsSync(file))
    .map(({ file, line }) => ({ file, text: readFileSync(file, 'utf8').split('\n')[line - 1] }));
}
