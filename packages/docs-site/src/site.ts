// The whole site: which pages there are, and each of them as HTML and as Markdown, made when it is asked for.
import { BASE_PATHS, PRODUCTS } from '@lumi/shared/contract';
import type { Api, Tag } from './document';
import { GUIDES, guideMarkdown, guideUrl, type GuideSource } from './guides';
import { pageHtml, PRODUCT_NAMES, type Frame, type Link, type LinkGroup } from './layout';
import { renderMarkdown } from './markdown';
import { referenceStart, referenceTag } from './reference';
import { referenceStartMarkdown, referenceTagMarkdown } from './reference-markdown';
import { searchIndex } from './search';

export interface Page {
  readonly type: string;
  readonly text: string;
}

export interface SiteInput extends GuideSource {
  readonly frame: Frame;
}

const HTML = 'text/html; charset=utf-8';
const MARKDOWN = 'text/markdown; charset=utf-8';

/** By path; each is made when it is called. A product without a document has no pages yet. */
export function sitePages(input: SiteInput): ReadonlyMap<string, () => Page> {
  const pages = new Map<string, () => Page>();
  for (const guide of GUIDES) {
    const url = guideUrl(guide.name);
    pages.set(url, () => guidePage(guide.name, input));
    pages.set(`${url}.md`, () => ({ type: MARKDOWN, text: guideMarkdown(guide.name, input) }));
  }
  for (const api of input.apis.values()) {
    const start = `${BASE_PATHS[api.product]}/docs`;
    pages.set(start, () => ({ type: HTML, text: startPage(api, input) }));
    pages.set(`${start}.md`, () => ({ type: MARKDOWN, text: referenceStartMarkdown(api, (tag) => tagUrl(api, tag)) }));
    for (const tag of api.tags) {
      const url = tagUrl(api, tag);
      pages.set(url, () => ({ type: HTML, text: tagPage(tag, api, input) }));
      pages.set(`${url}.md`, () => ({ type: MARKDOWN, text: referenceTagMarkdown(tag, api) }));
    }
  }
  pages.set('/docs/search.json', () => ({
    type: 'application/json; charset=utf-8',
    text: JSON.stringify(searchIndex(input, tagUrl)),
  }));
  pages.set('/docs/llms.txt', () => ({ type: 'text/plain; charset=utf-8', text: llmsText(input) }));
  return pages;
}

function guidePage(name: string, input: SiteInput): Page {
  const markdown = guideMarkdown(name, input);
  const { html, headings } = renderMarkdown(markdown);
  const text = pageHtml(
    {
      title: headings[0]?.text ?? name,
      description: /^(?!#)\S.*$/m.exec(markdown)?.[0]?.replace(/[`*[\]]/g, '') ?? '',
      url: guideUrl(name),
      product: null,
      kind: 'guide',
      contents: [...guideLinks(), referenceLinks(input)],
      headings,
      main: html,
    },
    input.frame,
  );
  return { type: HTML, text };
}

function startPage(api: Api, input: SiteInput): string {
  return pageHtml(
    {
      title: `${PRODUCT_NAMES[api.product]} reference`,
      description: `Every operation of the ${api.title}.`,
      url: `${BASE_PATHS[api.product]}/docs`,
      product: api.product,
      kind: 'reference',
      contents: tagLinks(api, null),
      headings: [],
      main: referenceStart(api, (tag) => tagUrl(api, tag)),
    },
    input.frame,
  );
}

function tagPage(tag: Tag, api: Api, input: SiteInput): string {
  return pageHtml(
    {
      title: `${tag.name} · ${PRODUCT_NAMES[api.product]} reference`,
      description: tag.description,
      url: tagUrl(api, tag),
      product: api.product,
      kind: 'reference',
      contents: tagLinks(api, tag),
      headings: [],
      main: referenceTag(tag, api),
    },
    input.frame,
  );
}

function tagUrl({ product }: Pick<Api, 'product'>, { slug }: Tag): string {
  return `${BASE_PATHS[product]}/docs/${slug}`;
}

function guideLinks(): LinkGroup[] {
  const groups = [...new Set(GUIDES.map(({ group }) => group))];
  return groups.map((title) => ({
    title,
    links: GUIDES.filter(({ group }) => group === title).map((guide) => ({
      title: guide.title,
      url: guideUrl(guide.name),
    })),
  }));
}

function referenceLinks({ frame }: SiteInput): LinkGroup {
  return {
    title: 'Reference',
    links: PRODUCTS.map((product) => ({ title: PRODUCT_NAMES[product], url: frame.references[product] })),
  };
}

/** Operations are listed for the tag that is shown. */
function tagLinks(api: Api, shown: Tag | null): LinkGroup[] {
  const links: Link[] = api.tags.map((tag) => ({
    title: tag.name,
    url: tagUrl(api, tag),
    inner:
      tag === shown
        ? tag.operations.map(({ operationId, summary, method }) => ({
            title: summary,
            mark: method,
            url: `#${operationId}`,
          }))
        : [],
  }));
  const overview = { title: 'Overview', url: `${BASE_PATHS[api.product]}/docs` };
  return [{ title: `${PRODUCT_NAMES[api.product]} reference`, links: [overview, ...links] }];
}

function llmsText(input: SiteInput): string {
  const guides = GUIDES.map(({ name, title }) => `- [${title}](${guideUrl(name)}.md)`).join('\n');
  const references = [...input.apis.values()].map((api) => {
    const base: string = BASE_PATHS[api.product];
    const tags = api.tags.map((tag) => `- [${tag.name}](${tagUrl(api, tag)}.md): ${tag.description}`).join('\n');
    const start = `- [Overview](${base}/docs.md)\n- [OpenAPI document](${base}/openapi.json)`;
    return `## ${PRODUCT_NAMES[api.product]} reference\n\n${start}\n${tags}`;
  });
  const about = 'A REST API to buy and manage domain names, virtual servers and proxies on one prepaid balance.';
  return `# Lumi API\n\n> ${about}\n\n## Guides\n\n${guides}\n\n${references.join('\n\n')}\n`;
}
