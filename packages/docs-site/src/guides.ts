// The guides: their order, and their Markdown with what is known only here: the installation's own address, the
// catalogue of events, the table of error codes.
import { ERROR_ADVICE, ERROR_CODES, PRODUCTS, isErrorCode, type Product } from '@lumi/shared/contract';
import { EVENT_TYPES, specOf } from '@lumi/shared/events';
import type { Api } from './document';
import { PRODUCT_NAMES } from './layout';

export interface GuideSource {
  /** The Markdown of each guide, by its name. */
  readonly guides: ReadonlyMap<string, string>;
  readonly apis: ReadonlyMap<Product, Api>;
  /** The public origin: `https://lumi.example`. */
  readonly origin: string;
}

export interface Guide {
  readonly name: string;
  readonly title: string;
  readonly group: string;
}

const guide = (group: string, name: string, title: string): Guide => ({ group, name, title });

export const GUIDES: readonly Guide[] = [
  guide('Begin', 'index', 'What Lumi is'),
  guide('Begin', 'quickstart', 'Quickstart'),
  guide('Begin', 'sandbox', 'Sandbox'),
  guide('Rules', 'authentication', 'Authentication'),
  guide('Rules', 'money', 'Money'),
  guide('Rules', 'idempotency', 'Idempotency'),
  guide('Rules', 'limits', 'Limits'),
  guide('Rules', 'errors', 'Errors'),
  guide('Work', 'lists', 'Lists'),
  guide('Work', 'bulk', 'Bulk requests'),
  guide('Work', 'operations', 'Operations'),
  guide('Work', 'events', 'Events'),
  guide('Work', 'webhooks', 'Webhooks'),
  guide('Tools', 'client', 'TypeScript client'),
  guide('Tools', 'cli', 'Command line'),
  guide('Tools', 'changelog', 'Changelog'),
];

export function guideUrl(name: string): string {
  return name === 'index' ? '/docs' : `/docs/${name}`;
}

export function guideMarkdown(name: string, { guides, origin }: GuideSource): string {
  const text = guides.get(name);
  if (text === undefined) throw new Error(`the guide ${name} has no text`);
  return text
    .replaceAll('{{origin}}', origin)
    .replace('{{events}}', () => eventCatalogue())
    .replace('{{errors}}', () => errorTable())
    .replace(/\[([^\]]+)\]\(([^)\s]+\.md)(#[^)]*)?\)/g, (_all, words: string, file: string) => linkTo(words, file));
}

/** Some guides are files of the repository, which link to others there. */
function linkTo(words: string, file: string): string {
  const name = file.split('/').at(-1)?.replace(/\.md$/, '') ?? '';
  return GUIDES.some((one) => one.name === name) ? `[${words}](${guideUrl(name)})` : words;
}

function eventCatalogue(): string {
  return [...PRODUCTS, 'every' as const, 'account' as const]
    .map((owner) => {
      const types = EVENT_TYPES.filter((type) => specOf(type).of === owner);
      const rows = types.map((type) => {
        const { about, data } = specOf(type);
        const fields = Object.keys(data.shape).map((field) => `\`${field}\``);
        return `| \`${type}\` | ${about.replaceAll('|', String.raw`\|`)} | ${fields.join(', ')} |`;
      });
      return `## ${OWNERS[owner]}\n\n| Type | When | \`data\` |\n| --- | --- | --- |\n${rows.join('\n')}`;
    })
    .join('\n\n');
}

const OWNERS = { ...PRODUCT_NAMES, every: 'Of every product', account: 'Of the account' };

function errorTable(): string {
  return Object.keys(ERROR_CODES)
    .filter((code) => isErrorCode(code))
    .map((code) => {
      const { status, sentence } = ERROR_CODES[code];
      const { advice, isRetrySafe } = ERROR_ADVICE[code];
      const retry = isRetrySafe
        ? 'Safe: the same request can succeed later.'
        : 'No: the same request is refused again.';
      const what = `**What to do:** ${advice}\n\n**Send it again unchanged?** ${retry}`;
      return `### ${code}\n\n**${String(status)}.** ${sentence}\n\n${what}`;
    })
    .join('\n\n');
}
