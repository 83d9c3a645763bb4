// Proxies as text for programs: one line each, from a template, or as CSV, JSON or URLs. Pure.
import { z } from 'zod';
import { invalid } from '@lumi/shared/contract';
import { csvOf } from '@lumi/shared/listing';

export interface ProxyLine {
  readonly id: string;
  readonly protocol: 'http' | 'socks5';
  readonly host: string;
  readonly port: number;
  /** Empty where addresses are let in instead of a pair. */
  readonly user: string;
  readonly pass: string;
  readonly ip: string;
  readonly country: string;
  readonly city: string;
  readonly label: string;
  readonly expires_at: string;
}

export const LINE_FORMATS = ['txt', 'csv', 'json', 'url'] as const;
export type LineFormat = (typeof LINE_FORMATS)[number];

const FIELDS = ['id', 'protocol', 'host', 'port', 'user', 'pass', 'ip', 'country', 'city', 'label', 'expires_at'] as const satisfies readonly (keyof ProxyLine)[];
const PLACEHOLDER = /\{([a-z_]*)\}/g;
export const CONTENT_TYPES: Readonly<Record<LineFormat, string>> = {
  txt: 'text/plain; charset=utf-8', url: 'text/plain; charset=utf-8', csv: 'text/csv; charset=utf-8', json: 'application/json; charset=utf-8',
};

/** Answers with lines, for the documentation. */
export const linesAnswer = {
  schema: z.object({
    items: z.array(z.object({
      id: z.string(), protocol: z.enum(['http', 'socks5']), host: z.string(), port: z.int(), user: z.string().describe('Empty where addresses are let in instead of a pair.'), pass: z.string(),
      ip: z.string().describe('The exit address, where it is known.'), country: z.string(), city: z.string(), label: z.string(), expires_at: z.string(),
    })),
  }).describe('With `format=json`.'),
  contentType: ['text/plain', 'text/csv'],
};

/** Throws 422 for a template that names what is no field. */
export function formatLines(lines: readonly ProxyLine[], format: LineFormat, template: string | undefined): string {
  if (template !== undefined) {
    if (format !== 'txt') throw invalid('template', 'goes with the format txt only');
    checkTemplate(template);
  }
  switch (format) {
    case 'txt':
      return text(lines.map((line) => (template === undefined ? plainLine(line) : fill(template, line))));
    case 'url':
      return text(lines.map(urlLine));
    case 'csv':
      return csvOf(FIELDS, lines.map((line) => FIELDS.map((field) => String(line[field]))));
    case 'json':
      return JSON.stringify({ items: lines });
  }
}

function checkTemplate(template: string): void {
  for (const [, name] of template.matchAll(PLACEHOLDER)) {
    if (!FIELDS.some((field) => field === name)) throw invalid('template', `{${name ?? ''}} is none of ${FIELDS.map((field) => `{${field}}`).join(' ')}`);
  }
}

function fill(template: string, line: ProxyLine): string {
  return template.replace(PLACEHOLDER, (_, name: keyof ProxyLine) => String(line[name]).replace(/[\r\n]/g, ' '));
}

function plainLine(line: ProxyLine): string {
  return line.user === '' ? `${line.host}:${String(line.port)}` : `${line.host}:${String(line.port)}:${line.user}:${line.pass}`;
}

function urlLine(line: ProxyLine): string {
  const pair = line.user === '' ? '' : `${encodeURIComponent(line.user)}:${encodeURIComponent(line.pass)}@`;
  return `${line.protocol}://${pair}${line.host}:${String(line.port)}`;
}

function text(rows: readonly string[]): string {
  return rows.map((row) => `${row}\n`).join('');
}
