import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { testDatabase } from '../../testing';
import { refusalOfOwnSchema } from './own-schema';

const database = testDatabase();
const migrations = join(__dirname, '..', '..', '..', '..', '..', 'services', 'vps', 'prisma', 'migrations');
const folder = mkdtempSync(join(tmpdir(), 'lumi-own-schema-'));
let admin: pg.Pool;

beforeAll(() => {
  admin = new pg.Pool({ connectionString: database.urlFor('lumi_admin'), max: 1 });
  cpSync(migrations, folder, { recursive: true });
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await admin.end();
});

describe('the schema of a product', () => {
  it('suits a process that brings the migrations that it has, and one that brings none', async () => {
    expect(await refusalOfOwnSchema('vps', admin, folder)).toBeNull();
    expect(await refusalOfOwnSchema('vps', admin)).toBeNull();
  });

  it('refuses a process that brings a newer one, naming it and what to do', async () => {
    mkdirSync(join(folder, '20991231000000_next'));
    expect(await refusalOfOwnSchema('vps', admin, folder)).toBe(
      'The schema vps is too old: it lacks 20991231000000_next. Run `migrate --product vps` of this release first.',
    );
  });

  it('suits a process of an older release', async () => {
    const older = mkdtempSync(join(tmpdir(), 'lumi-own-schema-'));
    try {
      expect(await refusalOfOwnSchema('vps', admin, older)).toBeNull();
    } finally {
      rmSync(older, { recursive: true });
    }
  });
});
