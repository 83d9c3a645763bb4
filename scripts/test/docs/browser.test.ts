// The documentation in a browser: every page is accessible, fits a phone, loads nothing from elsewhere; menu, search
// and Try it work by keyboard. Skipped, with a reason, on a machine without Chromium.
import AxeBuilder from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { wholeWay } from '../whole-way';
import { chromiumPath, openChromium } from './chromium';

jest.setTimeout(180_000);
const executable = chromiumPath();
const inChromium = executable === null ? describe.skip : describe;
if (executable === null) console.warn('No Chromium on this machine: the documentation is not looked at in a browser.');
const lumi = wholeWay();

const LOOKS = [
  { width: 1440, height: 900, colorScheme: 'light' },
  { width: 390, height: 844, colorScheme: 'dark' },
  { width: 1440, height: 900, colorScheme: 'dark' },
  { width: 390, height: 844, colorScheme: 'light' },
] as const;
type Look = (typeof LOOKS)[number];
const [WIDE, PHONE] = LOOKS;
/** Pages that are looked at at the same time. */
const AT_ONCE = 2;
/**
 * `LUMI_DOCS_LOOKS=all`: every page whole, in each width and colour scheme: many minutes. Usually a page has one of the
 * four looks in turn, of the tags every third is looked at, and axe sees two operations of a page: all
 * operations are made by the same functions.
 */
const isThorough = process.env['LUMI_DOCS_LOOKS'] === 'all';
const LEAVE_TWO = `for (const kind of ['.operation', '.object', '.group'])
  for (const one of [...document.querySelectorAll(kind)].slice(2)) one.remove()`;

inChromium('the documentation in a browser', () => {
  let browser: Browser;
  const contexts = new Map<Look, BrowserContext>();
  beforeAll(async () => {
    browser = await openChromium(String(executable));
    for (const look of LOOKS) {
      const { width, height, colorScheme } = look;
      contexts.set(look, await browser.newContext({ viewport: { width, height }, colorScheme }));
    }
  });
  afterAll(() => browser.close());

  /** What the browser complained about, and requests that left our origin. */
  const open = async (path: string, look: Look | BrowserContext): Promise<{ page: Page; faults: string[] }> => {
    const context = 'width' in look ? contexts.get(look) : look;
    const page = await (context as BrowserContext).newPage();
    const faults: string[] = [];
    page.on('console', (message) => faults.push(`console: ${message.text()}`));
    page.on('pageerror', (err) => faults.push(`error: ${err.message}`));
    page.on('request', (request) => {
      if (!request.url().startsWith(`${lumi.address()}/`) && !request.url().startsWith('data:'))
        faults.push(`request to ${request.url()}`);
    });
    await page.goto(`${lumi.address()}${path}`);
    return { page, faults };
  };
  const paths = async (): Promise<readonly string[]> => {
    const { text } = await lumi.send('GET', '/docs/llms.txt');
    return [...text.matchAll(/\((\/[^)]+)\.md\)/g)].map(([, path = '']) => path);
  };

  it('has no fault on any page: by axe, in its width, in its console, in what it loads', async () => {
    const all = await paths();
    expect(all.length).toBeGreaterThan(45);
    const byTag = [...new Map(all.map((path) => [path.split('/').at(-1), path])).values()];
    const some = new Set(byTag.filter((_path, i) => i % 3 === 0));
    const looks = (isThorough ? all : all.filter((path) => /^\/docs/.test(path) || some.has(path))).flatMap((path, i) =>
      (isThorough ? LOOKS : [LOOKS[i % LOOKS.length] ?? WIDE]).map((look) => ({ path, look })),
    );
    const found: string[] = [];
    const lookAt = async ({ path, look }: { path: string; look: Look }): Promise<void> => {
      const { page, faults } = await open(path, look);
      const where = `${path} at ${String(look.width)}, ${look.colorScheme}`;
      const [content, window] = await page.evaluate<[number, number]>(
        '[document.documentElement.scrollWidth, window.innerWidth]',
      );
      if (content > window) faults.push(`is ${String(content)} wide`);
      if (!isThorough) await page.evaluate(LEAVE_TWO);
      const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
      for (const { id, nodes } of violations)
        faults.push(
          `${id}: ${nodes
            .slice(0, 2)
            .map((node) => node.html)
            .join(' ')}`,
        );
      found.push(...faults.map((fault) => `${where}: ${fault}`));
      await page.close();
    };
    const left = [...looks];
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let next = left.shift(); next !== undefined; next = left.shift()) await lookAt(next);
      }),
    );
    expect(found).toEqual([]);
  });

  it.each([WIDE, PHONE])('finds an operation by keyboard alone, at %o', async (look) => {
    const { page, faults } = await open('/docs', look);
    await page.keyboard.press('/');
    await page.keyboard.type('buy a domain');
    await page.waitForSelector('#found [role=option][aria-selected=true]');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/api/v1/docs/domains#buy-domain');

    expect(await page.locator('#buy-domain').textContent()).toBe('Buy a domain');
    expect(faults).toEqual([]);
    await page.close();
  });

  it('has a menu on a phone that opens, leads on and closes by keyboard', async () => {
    const { page, faults } = await open('/docs', PHONE);
    const contents = page.locator('#contents');
    expect(await contents.isVisible()).toBe(false);
    await page.locator('.menu').focus();
    await page.keyboard.press('Enter');
    expect(await contents.isVisible()).toBe(true);
    await page.keyboard.press('Escape');
    expect(await contents.isVisible()).toBe(false);
    await page.keyboard.press('Enter');
    await contents.getByRole('link', { name: 'Quickstart' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/docs/quickstart');

    expect(faults).toEqual([]);
    await page.close();
  });

  it('skips to the content, and shows the chosen language in all examples', async () => {
    const { page, faults } = await open('/docs/quickstart', WIDE);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    await page.locator('[data-choose=python]').first().click();
    for (const language of ['sh', 'python', 'ts'])
      expect([language, (await page.locator(`.codes > figure[data-lang=${language}]:visible`).count()) > 0]).toEqual([
        language,
        language === 'python',
      ]);
    expect(faults).toEqual([]);
    await page.close();
  });

  it('is read without JavaScript: contents, all languages, nothing that needs a script', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 390, height: 844 } });
    const page = await context.newPage();
    await page.goto(`${lumi.address()}/api/v1/docs/domains`);

    expect(await page.locator('#contents').isVisible()).toBe(true);
    for (const language of ['sh', 'python', 'ts'])
      expect(await page.locator(`.codes > figure[data-lang=${language}]`).first().isVisible()).toBe(true);
    for (const scripted of ['.menu', '.search', '.choices', '.try', '.copy'])
      expect(await page.locator(scripted).first().isVisible()).toBe(false);
    await context.close();
  });

  it('buys a .test name by Try it, asks before, and keeps the key in the page only', async () => {
    const who = await lumi.buyer({ balance: '20.00' });
    const context = await browser.newContext();
    const { page, faults } = await open('/api/v1/docs/domains', context);
    const operation = page.locator('section[aria-labelledby=buy-domain]');
    await operation.locator('details.try > summary').click();
    await operation.getByLabel('API key').fill(who.key);
    await operation.getByLabel('Body').fill(JSON.stringify({ domain: 'tried-in-the-docs.test', years: 1 }));
    await operation.getByRole('button', { name: 'Send' }).click();
    expect((await lumi.money(who.accountId)).balance).toBe('20.00');
    expect(await operation.locator('.ask code').textContent()).toMatch(/^[0-9a-f-]{36}$/);
    await operation.getByRole('button', { name: 'Spend the money' }).click();
    await operation.locator('.result .status').waitFor();

    expect(await operation.locator('.result .status').textContent()).toBe('201');
    expect(await operation.locator('.result').textContent()).toMatch(/x-request-id[\s\S]+tried-in-the-docs\.test/);
    expect((await lumi.money(who.accountId)).balance).toBe('19.00');
    expect(await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])')).toBe(
      '[{},{},""]',
    );
    expect(faults).toEqual([]);
    await context.close();
    expect(await lumi.breaches()).toEqual([]);
  });

  it('sends little: a page, and its script', async () => {
    const sizes: string[] = [];
    for (const path of ['/docs/site.js', ...(await paths())]) {
      const answer = await fetch(`${lumi.address()}${path}`, { headers: { 'accept-encoding': 'br' }, method: 'HEAD' });
      const kib = Number(answer.headers.get('content-length')) / 1024;
      if (answer.status !== 200 || kib > (path.endsWith('.js') ? 40 : 300)) sizes.push(`${path}: ${String(kib)} KiB`);
    }
    expect(sizes).toEqual([]);
  });
});
