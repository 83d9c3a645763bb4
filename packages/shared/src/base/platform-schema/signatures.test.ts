// The functions that processes call, compared with those recorded for this version of the platform's schema and for the
// older versions that it serves. Without this only a sale through a mixture of two releases (scripts/compat.mjs) fails.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { testDatabase } from '../../testing';
import { PLATFORM_SCHEMA, readPlatformSchema } from '.';
import { brokenCalls, readSignatures } from './test/signatures';

const HERE = 'packages/shared/src/base/platform-schema';
const RECORD = `RECORD_SIGNATURES=true npx jest ${HERE}/signatures.test.ts`;
const database = testDatabase();

const pathOf = (version: number): string => join(__dirname, 'signatures', `${version}.txt`);
const recorded = (version: number): string[] =>
  existsSync(pathOf(version)) ? readFileSync(pathOf(version), 'utf8').trimEnd().split('\n') : [];

let now: string[] = [];
let serves = 0;
beforeAll(async () => {
  const owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  try {
    now = await readSignatures(owner);
    serves = (await readPlatformSchema(owner))?.serves ?? 0;
  } finally {
    await owner.end();
  }
  if (process.env['RECORD_SIGNATURES'] === 'true')
    writeFileSync(pathOf(PLATFORM_SCHEMA.version), `${now.join('\n')}\n`);
});

/** Fails with what to do, under the lines that differ. */
function mustBeEmpty(lines: readonly string[], whatToDo: string): void {
  if (lines.length > 0) throw new Error(`${lines.join('\n')}\n\n${whatToDo}\n(docs/releasing.md)`);
}

it('are those recorded for this version', () => {
  const { version } = PLATFORM_SCHEMA;
  const before = recorded(version);
  mustBeEmpty(
    [
      ...before.filter((line) => !now.includes(line)).map((line) => `- ${line}`),
      ...now.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
    ],
    `Processes call these functions of schema platform, and those above differ from version ${version} ` +
      `(${HERE}/signatures/${version}.txt). If that version is on main, raise it in ${HERE}/version.ts and ` +
      `${HERE}/sql/platform_schema.sql. Then record the functions: ${RECORD}`,
  );
});

it('can still be called by processes of every older version that this schema serves', () => {
  expect(serves).toBeGreaterThan(0);
  for (let version = serves; version < PLATFORM_SCHEMA.version; version += 1) {
    expect([version, existsSync(pathOf(version))]).toEqual([version, true]);
    mustBeEmpty(
      brokenCalls(recorded(version), now),
      `Processes of version ${version} still call these functions. Keep each as it was for one release: add ` +
        'arguments with a default at the end only, or give the new form another name. It may go in the release that ' +
        `raises "serves" above ${version}.`,
    );
  }
});

describe('a function that processes know as "lumi_vps: f(a text, b integer DEFAULT) -> SETOF (x text, y bigint)"', () => {
  const KNOWN = 'lumi_vps: f(a text, b integer DEFAULT) -> SETOF (x text, y bigint)';

  it.each([
    ['the same', KNOWN],
    ['open to one more role', KNOWN.replace('lumi_vps', 'lumi_proxy,lumi_vps')],
    ['with one more argument that has a default', KNOWN.replace('DEFAULT)', 'DEFAULT, c text DEFAULT)')],
    ['with one more column', KNOWN.replace('y bigint', 'y bigint, z text')],
  ])('serves them %s', (_, line) => {
    expect(brokenCalls([KNOWN], [line])).toEqual([]);
  });

  it.each([
    ['when it is gone', 'lumi_vps: g() -> void', 'is gone'],
    ['closed to their role', KNOWN.replace('lumi_vps', 'lumi_proxy'), 'lumi_vps may no longer call it'],
    ['with another type of argument', KNOWN.replace('a text', 'a uuid'), 'does not take "a text" at its place'],
    ['with another name of argument', KNOWN.replace('a text', 'aa text'), 'does not take "a text" at its place'],
    ['with one argument less', KNOWN.replace(', b integer DEFAULT', ''), 'does not take "b integer DEFAULT"'],
    ['with one more argument to give', KNOWN.replace(' DEFAULT', ', c text'), 'needs "b integer", which was not'],
    ['with another type of column', KNOWN.replace('y bigint', 'y integer'), 'no longer gives "y bigint"'],
    ['with one row instead of many', KNOWN.replace('SETOF ', ''), 'no longer gives "x text, y bigint"'],
    ['with one value instead of a row', KNOWN.replace('(x text, y bigint)', 'text'), 'no longer gives'],
  ])('does not serve them %s', (_, line, sentence) => {
    expect(brokenCalls([KNOWN], [line])).toEqual([expect.stringContaining(`${sentence}`)]);
  });
});
