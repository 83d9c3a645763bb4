// What the tests of the settings need: a whole environment of each process, and what the process says of another.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publicJwks } from '@lumi/shared/principal';
import { readAdminEnvironment } from '../../../packages/shared/src/house-keeping/admin/config';
import { readGatewayConfig } from '../../../gateway/src/config';
import { readDomainsConfig } from '../../../services/domains/src/config';
import { readProxyConfig } from '../../../services/proxy/src/config';
import { readVpsConfig } from '../../../services/vps/src/config';

export type Env = Readonly<Record<string, string>>;

const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();
export const base64 = (text: string) => Buffer.from(text).toString('base64');
export const ring = () => `1:${randomBytes(32).toString('base64')}`;
export const database = (role: string) => `postgresql://${role}:hushhush@127.0.0.1/lumi`;
const RINGS = { KEY_PEPPERS: ring(), SECRET_RING: ring() };
export const GATEWAY: Env = {
  ...RINGS,
  DATABASE_URL: database('lumi_gateway'),
  DOMAINS_URL: 'http://domains:9000',
  VPS_URL: 'http://vps:9000',
  PROXY_URL: 'http://proxy:9000',
  IDENTITY_PRIVATE_KEY: base64(pem),
};
const serviceOf = (product: string): Env => ({
  ...RINGS,
  DATABASE_URL: database(`lumi_${product}`),
  ADMIN_DATABASE_URL: database('lumi_admin'),
  IDENTITY_PUBLIC_KEYS: base64(JSON.stringify(publicJwks(pem))),
  CURSOR_SECRET: randomBytes(32).toString('hex'),
  PUBLIC_URL: 'https://api.example.com',
});
export const DOMAINS = serviceOf('domains');
export const VPS = serviceOf('vps');
export const ADMIN: Env = { ...RINGS, DATABASE_URL: database('lumi_admin') };
export const PROCESSES: readonly (readonly [string, () => unknown, Env])[] = [
  ['gateway', readGatewayConfig, GATEWAY],
  ['domains', readDomainsConfig, DOMAINS],
  ['vps', readVpsConfig, VPS],
  ['proxy', readProxyConfig, serviceOf('proxy')],
  ['lumi', readAdminEnvironment, ADMIN],
];

export const folder = mkdtempSync(join(tmpdir(), 'lumi-settings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
export function file(content: string | Buffer): string {
  const path = join(folder, `file-${String(files++)}`);
  writeFileSync(path, content);
  return path;
}

export function without(env: Env, name: string): Env {
  return Object.fromEntries(Object.entries(env).filter(([one]) => one !== name));
}

/** What a process with this environment reports before it exits with 1; [] when it would start. */
export function faultsOf(read: () => unknown, env: Env): string[] {
  const { said, code } = run(read, env);
  if (said === '') return [];
  expect(code).toBe(1);
  const [title, ...faults] = said.trimEnd().split('\n');
  expect(title).toBe('Configuration is not valid:');
  return faults.map((fault) => fault.trimStart());
}

export function valuesOf(read: () => unknown, env: Env): unknown {
  const { said, value } = run(read, env);
  expect(said).toBe('');
  return value;
}

function run(read: () => unknown, env: Env): { said: string; code: number | null; value: unknown } {
  const before = process.env;
  let said = '';
  const write = jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said += String(text);
    return true;
  });
  const exit = jest.spyOn(process, 'exit').mockImplementation((code) => {
    throw new Exit(Number(code));
  });
  try {
    process.env = { ...env };
    return { value: read(), said, code: null };
  } catch (err) {
    if (!(err instanceof Exit)) throw err;
    return { said, code: err.code, value: undefined };
  } finally {
    process.env = before;
    write.mockRestore();
    exit.mockRestore();
  }
}

class Exit extends Error {
  constructor(readonly code: number) {
    super('exit');
  }
}
