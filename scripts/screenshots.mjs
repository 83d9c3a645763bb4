// `npm run screenshots`: pictures of the documentation of a running Lumi, for docs/screenshots. Needs Chromium.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { root } from './build.mjs';

const LIMIT_MS = 30_000;
const WIDE = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };

/** @satisfies {readonly { name: string; path: string; viewport: typeof WIDE; colorScheme: 'light' | 'dark' }[]} */
const PICTURES = /** @type {const} */ ([
  { name: 'start', path: '/docs', viewport: WIDE, colorScheme: 'light' },
  { name: 'reference-dark', path: '/api/v1/docs/domains#buy-domain', viewport: WIDE, colorScheme: 'dark' },
  { name: 'quickstart-phone', path: '/docs/quickstart', viewport: PHONE, colorScheme: 'light' },
  {
    name: 'reference-phone-dark',
    path: '/proxy/api/v1/docs/orders#order-proxies',
    viewport: PHONE,
    colorScheme: 'dark',
  },
]);

const demo = join(process.env['LUMI_DATA_DIR'] ?? join(root, '.lumi'), 'demo.json');
/** @type {{ gateway: string }} */
const { gateway } = JSON.parse(readFileSync(demo, 'utf8'));
const folder = join(root, 'docs', 'screenshots');
mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
  timeout: LIMIT_MS,
});
try {
  for (const { name, path, viewport, colorScheme } of PICTURES) {
    const page = await browser.newPage({ viewport: { ...viewport }, colorScheme });
    const answer = await page.goto(`${gateway}${path}`, { timeout: LIMIT_MS });
    if (answer?.status() !== 200) throw new Error(`${path} answers ${answer?.status()}`);
    await page.screenshot({ path: join(folder, `${name}.png`), timeout: LIMIT_MS });
    await page.close();
    console.log(join('docs', 'screenshots', `${name}.png`));
  }
} finally {
  await browser.close();
}
