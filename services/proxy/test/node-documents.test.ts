// docs/contract.md and docs/proxies.md against the node: the table of refusals, and every command.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REFUSALS } from '../src/node/refusals';
import { hasCurl, NodeFixture, PAIR } from './node-fixture';

const root = join(__dirname, '..', '..', '..');
const contract = readFileSync(join(root, 'docs', 'contract.md'), 'utf8');
const guide = readFileSync(join(root, 'docs', 'proxies.md'), 'utf8');

describe('docs/contract.md', () => {
  it('has every refusal of the node with its status, its type and its code, and no other', () => {
    const rows = [...contract.matchAll(/^\| `(\w+)` +\| (\d{3}) +\| `(\w+)` +\| (\d\d) +\|/gm)].map(
      ([, word, status, error, socks]) => [word, Number(status), error, Number(socks)],
    );
    expect(rows).toEqual(
      Object.entries(REFUSALS).map(([word, { status, error, socks }]) => [word, status, error, socks]),
    );
  });
});

describe('docs/proxies.md', () => {
  const node = new NodeFixture();
  beforeAll(async () => {
    await node.open();
    await node.admit();
  });
  afterAll(() => node.close());

  const blocks = [...guide.matchAll(/^```(sh|python|js)\n([\s\S]*?)^```$/gm)].map(
    ([, language = '', code = '']) => [language, code] as const,
  );
  const programs: Readonly<Record<string, { readonly path: string; readonly isThere: boolean }>> = {
    sh: { path: '/bin/sh', isThere: hasCurl },
    python: { path: '/usr/bin/python3', isThere: existsSync('/usr/bin/python3') },
    js: { path: process.execPath, isThere: true },
  };

  it('has commands', () => {
    expect(blocks.map(([language]) => language).sort()).toEqual(['js', 'python', 'sh', 'sh', 'sh', 'sh', 'sh']);
  });

  for (const [language, code] of blocks) {
    const { path, isThere } = programs[language] ?? { path: '', isThere: false };
    (isThere ? it : it.skip)(`shows what ${language} answers: ${code.split('\n')[0] ?? ''}`, async () => {
      const env = { ...process.env, AUTH: PAIR.join(':'), ENTRY: `127.0.0.1:${String(node.plane.ports.http)}` };
      const out = await new Promise<string>((resolve, reject) => {
        const flag = language === 'js' ? '-e' : '-c';
        execFile(path, [flag, code], { env, cwd: root, timeout: 25_000 }, (err, stdout, stderr) => {
          if (err === null) resolve(stdout);
          else reject(new Error(stderr, { cause: err }));
        });
      });
      if (code.includes('10.0.0.1')) expect(out).toContain('details="target"');
      else if (code.includes('bytes/1000')) expect(out).toBe('1000');
      else expect(JSON.parse(out)).toMatchObject({ ip: '127.64.0.5', method: 'GET', path: '/' });
    });
  }
});
