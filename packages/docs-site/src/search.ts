// What the search of the pages looks through: every heading of the guides, every operation, every error code.
import { ERROR_CODES } from '@lumi/shared/contract';
import type { Api, Tag } from './document';
import { GUIDES, guideMarkdown, guideUrl, type GuideSource } from './guides';
import { PRODUCT_NAMES } from './layout';
import { renderMarkdown } from './markdown';

/** Title, address, where it is, further words. */
export type SearchEntry = readonly [title: string, url: string, where: string, words: string];

export function searchIndex(source: GuideSource, tagUrl: (api: Api, tag: Tag) => string): readonly SearchEntry[] {
  const guides = GUIDES.flatMap(({ name, title }) =>
    renderMarkdown(guideMarkdown(name, source))
      .headings.filter(({ depth }) => depth < 3)
      .map(({ depth, id, text }): SearchEntry =>
        depth === 1 ? [text, guideUrl(name), 'Guide', title] : [text, `${guideUrl(name)}#${id}`, title, ''],
      ),
  );
  const operations = [...source.apis.values()].flatMap((api) =>
    api.tags.flatMap((tag) =>
      tag.operations.map(({ operationId, summary, method, path }): SearchEntry => [
        summary,
        `${tagUrl(api, tag)}#${operationId}`,
        PRODUCT_NAMES[api.product],
        `${method} ${path} ${operationId}`,
      ]),
    ),
  );
  const errors = Object.entries(ERROR_CODES).map(([code, { status }]): SearchEntry => [
    code,
    `/docs/errors#${code.replaceAll('_', '-')}`,
    'Error',
    String(status),
  ]);
  return [...guides, ...operations, ...errors];
}
