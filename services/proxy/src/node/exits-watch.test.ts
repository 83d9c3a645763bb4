// The file of exits changes while the node runs.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '@lumi/shared/runtime';
import { until } from '@lumi/shared/testing';
import { readExitsFile } from './exits-file';
import { ExitsWatch } from './exits-watch';

describe('the exits of a running node', () => {
  let folder: string;
  let file: string;
  let changes: number;
  let watch: ExitsWatch;
  const errors: string[] = [];
  const log = { ...silentLog, error: (text: string) => void errors.push(text) };
  const write = (...addresses: string[]): void =>
    writeFileSync(file, JSON.stringify(addresses.map((address) => ({ address, country: 'DE', product: 'ipv4' }))));
  const addresses = (): string[] => watch.exits.map(({ address }) => address);
  const open = (lookMs: number): void => {
    const { value } = readExitsFile(file);
    if (value === undefined) throw new Error('the file cannot be read');
    watch = new ExitsWatch({ file: value, log, onChange: () => void (changes += 1), lookMs });
    watch.start();
  };
  beforeEach(() => {
    [changes, errors.length] = [0, 0];
    folder = mkdtempSync(join(tmpdir(), 'lumi-exits-'));
    file = join(folder, 'exits.json');
    write('127.0.0.9');
  });
  afterEach(() => {
    watch.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('follow its file, and it registers anew', async () => {
    open(5);
    write('127.0.0.9', '127.0.0.10');
    await until(() => changes === 1);
    expect(addresses()).toEqual(['127.0.0.9', '127.0.0.10']);
    expect(['127.0.0.10', '127.0.0.11'].map((address) => watch.has(address))).toEqual([true, false]);
  });

  it('follow it at once after SIGHUP, which registers it anew in any case', async () => {
    open(3_600_000);
    await watch.look();
    write('127.0.0.9');
    await watch.look();
    expect(changes).toBe(0);
    process.emit('SIGHUP');
    await until(() => changes === 1);
    write('127.0.0.10');
    process.emit('SIGHUP');
    await until(() => changes === 2);
    expect([addresses(), watch.has('127.0.0.9')]).toEqual([['127.0.0.10'], false]);
  });

  it.each([
    ['no JSON', () => writeFileSync(file, '[{"address": '), 'not JSON'],
    ['no file', () => rmSync(file), 'ENOENT'],
    ['no exits', () => writeFileSync(file, '[]'), 'is empty'],
    ['an address that the machine does not have', () => write('127.0.0.9', '8.8.8.8'), 'cannot use'],
  ])('stay what they were after %s, until it is put right', async (_, spoil, said) => {
    open(3_600_000);
    spoil();
    await watch.look();
    expect([addresses(), changes, errors]).toEqual([['127.0.0.9'], 0, [expect.stringContaining(said)]]);
    write('127.0.0.12');
    await watch.look();
    expect([addresses(), changes]).toEqual([['127.0.0.12'], 1]);
  });
});
