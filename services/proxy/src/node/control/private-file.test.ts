import fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { replaceFile } from './private-file';

describe('a file that is replaced', () => {
  it('is on the disk before it takes the place of the old one, and its name is before the caller goes on', async () => {
    const folder = await fs.mkdtemp(join(tmpdir(), 'lumi-private-'));
    const probe = await fs.open(folder);
    const handles = Object.getPrototypeOf(probe) as { sync(): Promise<void> };
    await probe.close();
    const steps: string[] = [];
    const [sync, rename] = [handles.sync, fs.rename];
    jest.spyOn(handles, 'sync').mockImplementation(async function (this: fs.FileHandle) {
      steps.push((await this.stat()).isDirectory() ? 'folder synced' : `synced: ${await textOf(folder)}`);
      await sync.call(this);
    });
    jest.spyOn(fs, 'rename').mockImplementation(async (from, to) => {
      steps.push('renamed');
      await rename(from, to);
    });
    const textOf = async (at: string): Promise<string> => fs.readFile(join(at, 'usage.json.new'), 'utf8');
    try {
      await replaceFile(join(folder, 'usage.json'), 'counted');
      expect(steps).toEqual(['synced: counted', 'renamed', 'folder synced']);
      expect(await fs.readFile(join(folder, 'usage.json'), 'utf8')).toBe('counted');
      expect((await fs.stat(join(folder, 'usage.json'))).mode & 0o777).toBe(0o600);
    } finally {
      jest.restoreAllMocks();
      await fs.rm(folder, { recursive: true });
    }
  });
});
