// A headless Chromium, if this machine has one. No browser is downloaded.
import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** Nothing in the background, so that a request to elsewhere is one of the page. */
const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'];

export function chromiumPath(): string | null {
  return PLACES.find((place) => existsSync(place)) ?? null;
}

export function openChromium(path: string): Promise<Browser> {
  return chromium.launch({ executablePath: path, args: [...QUIET, '--disable-sync'] });
}
