// The guide on webhooks: its programs verify what the official package signs, and refuse what it does not.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';

const guide = readFileSync(join(__dirname, '../../../packages/docs-site/pages/webhooks.md'), 'utf8');
const blocks = [...guide.matchAll(/```(\w+)\n([\s\S]*?)```/g)].map(([, language = '', code = '']) => ({
  language,
  code,
}));
const codeOf = (language: string, part: string): string =>
  blocks.find((block) => block.language === language && block.code.includes(part))?.code ?? '';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const signed = new Webhook(SECRET).sign('evt_01k9z3v7', new Date(1_764_331_200_000), '{"type":"domain.registered"}');

it('the shell prints the signature of the official package', () => {
  const { stdout, stderr } = spawnSync('sh', ['-c', codeOf('sh', 'openssl')], { encoding: 'utf8' });
  expect([stderr, `v1,${stdout.trim()}`]).toEqual(['', signed]);
  expect(codeOf('text', signed.slice(3))).not.toBe('');
});

const python = spawnSync('python3', ['--version']).status === 0;
if (!python) console.warn('No python3 on this machine: the Python of the guide on webhooks is not run.');

(python ? it : it.skip)('Python accepts it, and neither another byte nor an old time', () => {
  const code = codeOf('python', 'def verify');
  expect(code).toContain(signed);
  const run = (text: string) => spawnSync('python3', ['-c', text], { encoding: 'utf8' });
  expect(run(code)).toMatchObject({ status: 0, stdout: 'verified\n' });
  expect(run(code.replace('"domain.registered"}\'', '"domain.renewed"}\'')).stderr).toContain('no signature fits');
  expect(run(code.replace(', tolerance_s=10**12)', ')')).stderr).toContain('too far from now');
});
