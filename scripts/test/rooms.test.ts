// The rooms of packages/shared are listed in five places: the rule that enforces their order, docs/architecture.md,
// the READMEs of the wings, the exports of the package, and the folders themselves. All five say the same.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');
const shared = join(root, 'packages/shared');
const text = (file: string) => readFileSync(join(root, file), 'utf8');
const { rooms } = require(join(root, '.dependency-cruiser.cjs')) as { rooms: readonly string[] };
const inWings = rooms.filter((room) => room !== 'testing');
const nameOf = (room: string) => room.slice(room.indexOf('/') + 1);
const wings = [...new Set(inWings.map((room) => room.slice(0, room.indexOf('/'))))];

function foldersIn(path: string): string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

describe('the rooms of the shared library', () => {
  it('are the folders of its wings', () => {
    const folders = wings.flatMap((wing) => foldersIn(join(shared, 'src', wing)).map((room) => `${wing}/${room}`));
    expect(folders.sort()).toEqual([...inWings].sort());
    expect(foldersIn(join(shared, 'src')).sort()).toEqual([...wings, 'testing'].sort());
  });

  it('have in docs/architecture.md the order that the rule enforces', () => {
    const [, order = ''] =
      /imports only rooms before it in this order:\n\n```text\n([^`]+)```/.exec(text('docs/architecture.md')) ?? [];
    expect(order.trim().split(/\s*<\s*/)).toEqual(inWings.map(nameOf));
  });

  it.each(wings)('are listed in docs/architecture.md and in the README of %s, once each', (wing) => {
    const here = inWings.filter((room) => room.startsWith(`${wing}/`)).map(nameOf);
    const [row = ''] = new RegExp(`^\\| \\[${wing}\\].*$`, 'm').exec(text('docs/architecture.md')) ?? [];
    const cells = row.split('|');
    expect([...(cells[3] ?? '').matchAll(/`([a-z-]+)`/g)].map(([, name]) => name).sort()).toEqual([...here].sort());
    const readme = readFileSync(join(shared, 'src', wing, 'README.md'), 'utf8');
    expect([...readme.matchAll(/^\| \[`([a-z-]+)`\]/gm)].map(([, name]) => name).sort()).toEqual([...here].sort());
  });

  it("are the package's exports, each in its wing", () => {
    const manifest = JSON.parse(text('packages/shared/package.json')) as {
      exports: Record<string, { default: string }>;
    };
    const exported = Object.entries(manifest.exports).map(([name, { default: file }]) => [name, file]);
    expect(exported.sort()).toEqual(rooms.map((room) => [`./${nameOf(room)}`, `./dist/${room}/index.js`]).sort());
  });
});
