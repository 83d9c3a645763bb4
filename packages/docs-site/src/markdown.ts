// Markdown into HTML: headings with anchors, highlighted code, tables that scroll by themselves. No style attributes,
// because the pages forbid them.
import { Marked, type Tokens } from 'marked';
import { slugOf } from './document';
import { hasGrammar, marksOf } from './highlight';
import { escape } from './html';

const NAMES: Readonly<Record<string, string>> = {
  sh: 'curl',
  python: 'Python',
  ts: 'TypeScript',
  json: 'JSON',
  http: 'HTTP',
  text: 'Text',
};
/** Languages that a reader chooses between. */
export const CHOICES = ['sh', 'python', 'ts'] as const;
export type Choice = (typeof CHOICES)[number];

export interface Heading {
  readonly id: string;
  readonly depth: number;
  readonly text: string;
}

export interface Rendered {
  readonly html: string;
  readonly headings: readonly Heading[];
}

export function renderMarkdown(text: string): Rendered {
  const headings: Heading[] = [];
  const ids = new Set<string>();
  let tables = 0;
  const marked = new Marked({ gfm: true });
  marked.use({
    renderer: {
      heading({ tokens, depth }: Tokens.Heading): string {
        const plain = this.parser.parseInline(tokens, this.parser.textRenderer);
        let id = slugOf(plain);
        while (ids.has(id)) id = `${id}-more`;
        ids.add(id);
        headings.push({ id, depth, text: plain });
        const inner = this.parser.parseInline(tokens);
        if (depth === 1) return `<h1>${inner}</h1>\n`;
        const level = String(depth);
        return `<h${level} id="${id}"><a class="anchor" href="#${id}">${inner}</a></h${level}>\n`;
      },
      code({ text: code, lang }: Tokens.Code): string {
        return figure(lang ?? '', code);
      },
      table(token: Tokens.Table): string {
        tables += 1;
        const cells = (row: readonly Tokens.TableCell[], tag: string): string =>
          row
            .map(({ tokens }) =>
              tokens.length === 0 ? '<td></td>' : `<${tag}>${this.parser.parseInline(tokens)}</${tag}>`,
            )
            .join('');
        const rows = token.rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('\n');
        return `<div class="table" tabindex="0" role="region" aria-label="Table ${String(tables)}">
<table><thead><tr>${cells(token.header, 'th')}</tr></thead><tbody>
${rows}
</tbody></table></div>\n`;
      },
    },
  });
  const html = marked.parse(text, { async: false });
  return { html: grouped(html), headings };
}

/** Inline and blocks, without headings of its own. */
export function markdown(text: string): string {
  return renderMarkdown(text).html;
}

function highlighted(language: string, code: string): string {
  return hasGrammar(language) ? marksOf(language, code) : escape(code);
}

/** One piece of code with its language. */
export function figure(language: string, code: string, title?: string): string {
  const name = title ?? NAMES[language] ?? 'Text';
  return (
    `<figure class="code" data-lang="${escape(language)}"><figcaption>${escape(name)}` +
    '<button type="button" class="copy">Copy</button></figcaption>' +
    `<pre tabindex="0"><code>${highlighted(language, code)}</code></pre></figure>\n`
  );
}

/** The same request in several languages: one is shown, and the reader chooses. */
export function codeGroup(figures: readonly string[]): string {
  const choices = CHOICES.map(
    (language) => `<button type="button" data-choose="${language}">${NAMES[language] ?? ''}</button>`,
  );
  return `<div class="codes">
<div class="choices" role="group" aria-label="Language of the examples">${choices.join('')}</div>
${figures.join('')}</div>\n`;
}

/** Pieces of code in different languages that follow each other are one group. */
function grouped(html: string): string {
  const one = '<figure class="code" data-lang="(?:sh|python|ts)">(?:(?!</figure>)[\\s\\S])*</figure>\\n';
  return html.replace(new RegExp(`(?:${one}){3}`, 'g'), (all) => {
    const figures = all.match(new RegExp(one, 'g')) ?? [];
    const languages = figures.map((figureHtml) => /data-lang="(\w+)"/.exec(figureHtml)?.[1]);
    return languages.join() === CHOICES.join() ? codeGroup(figures) : all;
  });
}
