// The reference page of a product: an HTML page around Swagger UI (Apache-2.0, from npm, no other source). The browser
// fills it from the product's own `/openapi.json`. The only product data in it are names and addresses.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BASE_PATHS, PRODUCTS, type Product } from '@lumi/shared/contract';
import { Asset } from './asset';

const NAMES: Readonly<Record<Product, string>> = { domains: 'Domains', vps: 'Hosting', proxy: 'Proxy' };

/** The files that the page loads, all from its own folder. */
export function pageAssets(): ReadonlyMap<string, Asset> {
  const file = (path: string): Buffer => readFileSync(path);
  const own = publicFolder();
  return new Map([
    [
      'swagger-ui-bundle.js',
      new Asset('text/javascript; charset=utf-8', file(require.resolve('swagger-ui-dist/swagger-ui-bundle.js'))),
    ],
    ['swagger-ui.css', new Asset('text/css; charset=utf-8', file(require.resolve('swagger-ui-dist/swagger-ui.css')))],
    ['reference.js', new Asset('text/javascript; charset=utf-8', file(join(own, 'reference.js')))],
    ['reference.css', new Asset('text/css; charset=utf-8', file(join(own, 'reference.css')))],
  ]);
}

/** `addresses`: the reference pages of all products, as seen from the requested host. */
export function referencePage(
  product: Product,
  addresses: Readonly<Record<Product, string>>,
  assets: ReadonlyMap<string, Asset>,
): Asset {
  // Relative, so that the page works under any base path that a front end uses.
  const url = (name: string): string => `docs/${name}?v=${assets.get(name)?.version ?? ''}`;
  const tabs = PRODUCTS.map(
    (one) => `<a href="${addresses[one]}"${one === product ? ' aria-current="page"' : ''}>${NAMES[one]}</a>`,
  ).join('\n        ');
  return new Asset(
    'text/html; charset=utf-8',
    Buffer.from(
      `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Lumi ${NAMES[product]} API</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="${url('swagger-ui.css')}">
    <link rel="stylesheet" href="${url('reference.css')}">
    <script src="${url('swagger-ui-bundle.js')}" defer></script>
    <script src="${url('reference.js')}" defer></script>
  </head>
  <body data-base="${BASE_PATHS[product]}">
    <header class="bar">
      <a class="brand" href="${addresses[product]}">Lumi API</a>
      <nav aria-label="Products">
        ${tabs}
      </nav>
      <a class="document" href="${BASE_PATHS[product]}/openapi.json">openapi.json</a>
    </header>
    <div class="columns">
      <aside>
        <input id="search" type="search" placeholder="Find an operation"
          aria-label="Find an operation" autocomplete="off">
        <nav id="contents" aria-label="Operations"></nav>
      </aside>
      <main id="reference"><p class="note">Loading the reference …</p></main>
    </div>
    <noscript>
      <p class="note">This page needs JavaScript. The same reference, for programs:
        <a href="${BASE_PATHS[product]}/openapi.json">openapi.json</a>.</p>
    </noscript>
  </body>
</html>
`,
      'utf8',
    ),
  );
}

/** Searched upwards from this file, because its depth differs between sources, compiled code and the bundle. */
function publicFolder(): string {
  for (let folder = __dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const found = join(folder, 'public');
    if (existsSync(join(found, 'reference.js'))) return found;
  }
  throw new Error('gateway/public is missing: the reference page cannot be served without it');
}
