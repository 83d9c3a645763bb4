// A path that the guides name exists. What the walks of CONTRIBUTING.md create is left out: their own test makes it.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');
const GUIDES = [
  'README.md',
  'CONTRIBUTING.md',
  'docs/architecture.md',
  'docs/writing.md',
  'docs/torture.md',
  'infra/README.md',
  'packages/shared/src/base/db/README.md',
  'packages/launcher/README.md',
  'packages/torture/README.md',
];
const PATH = /(?<![\w/.@-])((?:packages|services|gateway|scripts|docs|infra)\/[\w./-]*\w)(?![\w*{<…])/g;

it.each(GUIDES)('%s names only paths that exist', (guide) => {
  const text = readFileSync(join(root, guide), 'utf8');
  const made = new Set([...text.matchAll(/^New file `([^`]+)`/gm)].map(([, path]) => path));
  const named = [...text.matchAll(PATH)].map(([, path = '']) => path);
  const missing = named.filter((path) => !made.has(path) && !path.includes('/dist/') && !existsSync(join(root, path)));
  expect([...new Set(missing)]).toEqual([]);
});
