// Proxies as text for programs: one line each, from a template, or as CSV, JSON or URLs. Pure functions.
import { z } from 'zod';
import { invalid, pageOf } from '@lumi/shared/contract';
import type { Reply } from '@lumi/shared/endpoint';
import { csvOf } from '@lumi/shared/listing';

export interface ProxyLine {
  readonly id: string;
  readonly protocol: 'http' | 'socks5';
  readonly host: string;
  readonly port: number;
  /** Empty when the proxy admits addresses instead of a pair. */
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

const FIELDS = [
  'id',
  'protocol',
  'host',
  'port',
  'user',
  'pass',
  'ip',
  'country',
  'city',
  'label',
  'expires_at',
] as const satisfies readonly (keyof ProxyLine)[];
const PLACEHOLDER = /\{([a-z_]*)\}/g;
const CONTENT_TYPES: Readonly<Record<LineFormat, string>> = {
  txt: 'text/plain; charset=utf-8',
  url: 'text/plain; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  json: 'application/json; charset=utf-8',
};

/** Answers with lines, for the documentation. */
export const linesAnswer = {
  schema: pageOf(
    z.object({
      id: z.string(),
      protocol: z.enum(['http', 'socks5']),
      host: z.string(),
      port: z.int(),
      user: z.string().describe('Empty where addresses are let in instead of a pair.'),
      pass: z.string(),
      ip: z.string().describe('The exit address, where it is known.'),
      country: z.string(),
      city: z.string(),
      label: z.string(),
      expires_at: z.string(),
    }),
  ).describe('With `format=json`: all of them in one page.'),
  contentType: ['text/plain', 'text/csv'],
  headers: ['X-Lines-Left-Out'],
};

export interface Lines {
  readonly text: string;
  /** How many lines were left out of the text because they could not work. */
  readonly leftOut: number;
}

/** Throws 422 when the template names an unknown field, or a field that is empty in every line. */
export function formatLines(lines: readonly ProxyLine[], format: LineFormat, template: string | undefined): Lines {
  if (template !== undefined && format !== 'txt') throw invalid('template', 'goes with the format txt only');
  switch (format) {
    case 'txt':
      return template === undefined ? { text: text(lines.map(plainLine)), leftOut: 0 } : byTemplate(lines, template);
    case 'url':
      return { text: text(lines.map(urlLine)), leftOut: 0 };
    case 'csv':
      return {
        text: csvOf(
          FIELDS,
          lines.map((line) => FIELDS.map((field) => String(line[field]))),
        ),
        leftOut: 0,
      };
    case 'json':
      return { text: JSON.stringify({ items: lines, next_cursor: null, has_more: false }), leftOut: 0 };
  }
}

/** A line without one of these cannot work. Other fields may be empty. */
const NEEDED = ['user', 'pass', 'ip'] as const satisfies readonly (keyof ProxyLine)[];

function byTemplate(lines: readonly ProxyLine[], template: string): Lines {
  checkTemplate(template);
  const needed = NEEDED.filter((field) => template.includes(`{${field}}`));
  const whole = lines.filter((line) => needed.every((field) => line[field] !== ''));
  if (lines.length > 0 && whole.length === 0) {
    const missing = needed.filter((field) => lines.every((line) => line[field] === '')).map((field) => `{${field}}`);
    throw invalid(
      'template',
      `would make no line that works: ${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} empty ` +
        'for all of them',
    );
  }
  return { text: text(whole.map((line) => fill(template, line))), leftOut: lines.length - whole.length };
}

/** The answer to a request for lines. */
export function linesReply({ text: body, leftOut }: Lines, format: LineFormat): Reply {
  return {
    status: 200,
    bytes: Buffer.from(body, 'utf8'),
    contentType: CONTENT_TYPES[format],
    ...(leftOut === 0 ? {} : { headers: { 'X-Lines-Left-Out': String(leftOut) } }),
  };
}

function checkTemplate(template: string): void {
  for (const [, name] of template.matchAll(PLACEHOLDER)) {
    if (!FIELDS.some((field) => field === name))
      throw invalid('template', `{${name ?? ''}} is none of ${FIELDS.map((field) => `{${field}}`).join(' ')}`);
  }
}

function fill(template: string, line: ProxyLine): string {
  return template.replace(PLACEHOLDER, (_, name: keyof ProxyLine) => String(line[name]).replace(/[\r\n]/g, ' '));
}

function plainLine(line: ProxyLine): string {
  return line.user === ''
    ? `${line.host}:${String(line.port)}`
    : `${line.host}:${String(line.port)}:${line.user}:${line.pass}`;
}

function urlLine(line: ProxyLine): string {
  const pair = line.user === '' ? '' : `${encodeURIComponent(line.user)}:${encodeURIComponent(line.pass)}@`;
  return `${line.protocol}://${pair}${line.host}:${String(line.port)}`;
}

function text(rows: readonly string[]): string {
  return rows.map((row) => `${row}\n`).join('');
}
