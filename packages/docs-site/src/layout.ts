// The frame of every page: head, bar, contents, main. One `main`, a link that skips to it, nothing inline, no other
// origin.
import { PRODUCTS, type Product } from '@lumi/shared/contract';
import { escape, join } from './html';
import type { Heading } from './markdown';

export const PRODUCT_NAMES: Readonly<Record<Product, string>> = { domains: 'Domains', vps: 'Hosting', proxy: 'Proxy' };

export interface Link {
  readonly title: string;
  readonly url: string;
  /** Shown before it: a method. */
  readonly mark?: string;
  readonly inner?: readonly Link[];
}

export interface LinkGroup {
  readonly title: string;
  readonly links: readonly Link[];
}

export interface Frame {
  /** Addresses of the script and the styles, with the hash of their content. */
  readonly assets: Readonly<Record<'script' | 'style' | 'plainStyle' | 'index', string>>;
  /** The first page of each product's reference. */
  readonly references: Readonly<Record<Product, string>>;
}

export interface PageContent {
  readonly title: string;
  readonly description: string;
  readonly url: string;
  readonly product: Product | null;
  readonly contents: readonly LinkGroup[];
  readonly headings: readonly Heading[];
  readonly main: string;
  /** The class of `main`. */
  readonly kind: 'guide' | 'reference';
}

export function pageHtml(page: PageContent, { assets, references }: Frame): string {
  const tabs = [
    tab('Guides', '/docs', page.product === null),
    ...PRODUCTS.map((product) => tab(PRODUCT_NAMES[product], references[product], product === page.product)),
  ];
  return `<!doctype html>
<html lang="en" data-lang="sh">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="${escape(page.description)}">
<meta name="color-scheme" content="light dark">
<title>${escape(page.title)} · Lumi API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${assets.style}">
<noscript><link rel="stylesheet" href="${assets.plainStyle}"></noscript>
<link rel="alternate" type="text/markdown" href="${page.url}.md">
<script src="${assets.script}" data-index="${assets.index}"></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="bar">
<button type="button" class="menu" aria-expanded="false" aria-controls="contents">
<span class="bars" aria-hidden="true"></span>Menu</button>
<a class="brand" href="/docs">Lumi <span>API</span></a>
<nav class="tabs" aria-label="Products">${tabs.join('')}</nav>
<div class="search" role="search">
<label class="unseen" for="search">Search everything</label>
<input id="search" type="text" role="combobox" aria-expanded="false" aria-controls="found" aria-autocomplete="list"
autocomplete="off" spellcheck="false" placeholder="Search">
<kbd aria-hidden="true">/</kbd>
<div id="found" role="listbox" aria-label="Search results" hidden></div>
</div>
</header>
<div class="columns">
<nav id="contents" class="contents" aria-label="Contents">
<div class="more-tabs">${tabs.join('')}</div>
${page.contents.map((group) => groupHtml(group, page.url)).join('\n')}
</nav>
<main id="main" class="${page.kind}" tabindex="-1">
${page.main}
${footer(page)}
</main>
${page.kind === 'guide' ? onThisPage(page.headings) : ''}
</div>
<p class="unseen" role="status" id="said"></p>
</body>
</html>
`;
}

function tab(title: string, url: string, isCurrent: boolean): string {
  return `<a href="${url}"${isCurrent ? ' aria-current="true"' : ''}>${title}</a>`;
}

function groupHtml({ title, links }: LinkGroup, current: string): string {
  return `<h2>${escape(title)}</h2>\n<ul>\n${links.map((link) => linkHtml(link, current)).join('\n')}\n</ul>`;
}

function linkHtml({ title, url, mark, inner = [] }: Link, current: string): string {
  const own = mark === undefined ? '' : `<span class="method ${mark.toLowerCase()}">${mark}</span>`;
  const here = url === current ? ' aria-current="page"' : '';
  return join(
    `<li><a href="${url}"${here}>${own}${escape(title)}</a>`,
    inner.length === 0 ? null : `<ul>${inner.map((link) => linkHtml(link, current)).join('')}</ul>`,
    '</li>',
  );
}

function onThisPage(headings: readonly Heading[]): string {
  const shown = headings.filter(({ depth }) => depth === 2);
  if (shown.length < 2) return '<div class="on-page"></div>';
  const links = shown.map(({ id, text }) => `<li><a href="#${id}">${escape(text)}</a></li>`);
  return `<nav class="on-page" aria-label="On this page"><p>On this page</p><ul>${links.join('')}</ul></nav>`;
}

function footer({ url }: PageContent): string {
  return `<footer class="foot"><a href="${url}.md">This page as Markdown</a>
<a href="/docs/llms.txt">All pages for programs</a></footer>`;
}
