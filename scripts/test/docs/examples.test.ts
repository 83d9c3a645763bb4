// The guides do what they say: every example runs against the real gateway, service and worker, and the answer that a
// guide shows has the shape of the answer that it gets. A page's examples in one language are one reader.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { wholeWay } from '../whole-way';
import { codeBlocks, shapeFaults } from './code-blocks';
import { has, runProgram, runScript, runShell } from './run-code';

jest.setTimeout(60_000);
const folder = join(__dirname, '..', '..', '..', 'packages', 'docs-site', 'pages');
const lumi = wholeWay({ products: ['domains'] });
const guides = readdirSync(folder).map((file) => ({
  file,
  blocks: codeBlocks(readFileSync(join(folder, file), 'utf8')),
}));
/** Names are of one registry: each reader buys its own. */
const OWN_NAMES = { sh: 'shop-sh', python: 'shop-py', ts: 'shop-ts' } as const;
type Language = keyof typeof OWN_NAMES;
const PROGRAMS = { sh: 'curl', python: 'python3', ts: 'node' } as const;
const readers = guides.flatMap(({ file, blocks }) =>
  (['sh', 'python', 'ts'] as const)
    .map((language) => ({ file, language, blocks: blocks.filter((block) => block.language === language) }))
    .filter((reader) => reader.blocks.length > 0),
);
const missing = [...new Set(readers.map(({ language }) => PROGRAMS[language]))].filter((program) => !has(program));
if (missing.length > 0) console.warn(`Examples are left out: ${missing.join(', ')} is not on this machine.`);

/** The body of each answer, and its status if it is known. */
async function run(language: Language, code: string, key: string): Promise<{ text: string; status: number | null }> {
  const env = { LUMI_API_KEY: key };
  const own = code.replaceAll('{{origin}}', lumi.address()).replaceAll('shop', OWN_NAMES[language]);
  if (language === 'python') return { text: await runProgram('python3', ['-c', own], env), status: null };
  if (language === 'ts') return { text: (await runScript(own, env)).join('\n'), status: null };
  const printed = await runShell(own, env);
  const [, text = '', status = ''] = /^([\s\S]*)\n(\d{3})\n$/.exec(printed) ?? [];
  return { text, status: Number(status) };
}

it('has examples in all three languages', () => {
  expect(readers.map(({ language }) => language)).toEqual(expect.arrayContaining(['sh', 'python', 'ts']));
  expect(readers.reduce((sum, { blocks }) => sum + blocks.length, 0)).toBeGreaterThan(25);
});

describe('the examples of a guide', () => {
  let isOver = false;
  let work: Promise<boolean>;
  beforeAll(() => {
    work = lumi.working('domains', async () => isOver);
  });
  afterAll(async () => {
    isOver = true;
    await work;
    expect(await lumi.breaches()).toEqual([]);
  });

  it.each(readers.filter(({ language }) => !missing.includes(PROGRAMS[language])))(
    '$file in $language',
    async ({ language, blocks }) => {
      const who = await lumi.buyer({ balance: '50.00' });
      const faults: string[] = [];
      for (const { code, shown } of blocks) {
        const { text, status } = await run(language, code, who.key);
        const isRefused = typeof shown === 'object' && shown !== null && 'error' in shown;
        if (status !== null && status >= 400 !== isRefused) faults.push(`${String(status)} ${text}\nto ${code}`);
        if (shown !== undefined)
          faults.push(...shapeFaults(shown, JSON.parse(text)).map((fault) => `${fault} in ${text}`));
      }
      expect(faults).toEqual([]);
    },
  );
});
