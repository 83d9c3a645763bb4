// Each process's own config.ts reads its settings once, at start. All faults are reported together, in sentences, and
// then the process exits: a process with incomplete settings never serves.
import { once } from 'node:events';
import { z } from 'zod';
import { PRODUCTS } from '../contract';
import { givenSettings, type SettingFault } from './given-settings.cjs';
import { isOneCluster, isRedisUrl } from './redis';

/**
 * Two settings that exclude each other: it returns the name of one, and what is wrong. Settings with faults are absent.
 */
export type Contradiction<T> = (settings: Partial<T>) => SettingFault | null;

export function readConfig<T extends z.ZodObject>(
  schema: T,
  env: Readonly<Record<string, string | undefined>>,
  contradictions: readonly Contradiction<z.output<T>>[] = [],
): z.output<T> {
  const { settings, faults } = judgeSettings(schema, env, contradictions);
  if (settings !== null) return settings;
  process.stderr.write(`Configuration is not valid:\n${faults.map((fault) => `  ${fault}\n`).join('')}`);
  process.exit(1);
}

/** All faults, each with the name of its setting; none holds a value of a secret. */
export function judgeSettings<T extends z.ZodObject>(
  schema: T,
  env: Readonly<Record<string, string | undefined>>,
  contradictions: readonly Contradiction<z.output<T>>[] = [],
): { readonly settings: z.output<T> | null; readonly faults: readonly string[] } {
  const { given, faults } = givenSettings(env, Object.keys(schema.shape));
  const isFaulty = new Set(faults.map(({ name }) => name));
  // One after the other, because an object's own checks do not run when one of its values is invalid.
  const read = Object.entries(schema.shape)
    .filter(([name]) => !isFaulty.has(name))
    .map(([name, of]) => ({ name, of, value: given[name], result: z.safeParse(of, given[name]) }));
  const valid = read.flatMap(({ name, result }) => (result.success ? [[name, result.data] as const] : []));
  // Every value is the output of its own schema.
  const settings = Object.fromEntries(valid) as z.output<T>;
  const all = [
    ...faults,
    ...read.flatMap(({ name, of, value, result: { error } }) =>
      error === undefined
        ? []
        : [{ name, message: value === undefined ? missing(of) : (error.issues[0]?.message ?? '') }],
    ),
    ...contradictions.flatMap((contradiction) => contradiction(settings) ?? []),
  ];
  return all.length === 0
    ? { settings, faults: [] }
    : { settings: null, faults: all.map(({ name, message }) => `${name}: ${message}`) };
}

function missing(of: z.core.$ZodType): string {
  const meaning = z.globalRegistry.get(of)?.description;
  return meaning === undefined ? 'is missing' : `is missing. ${meaning}`;
}

/**
 * Await it before reading settings. Node takes longer to load code than a launcher needs to learn a process's settings.
 * So the launcher may fork the process early, with SETTINGS_FOLLOW=true, and send the rest of the environment as a
 * message.
 */
export async function settingsThere(): Promise<void> {
  if (process.env['SETTINGS_FOLLOW'] !== 'true') return;
  if (process.send === undefined)
    throw new Error('SETTINGS_FOLLOW=true is for a launcher that sends the settings; there is none');
  const [message] = (await once(process, 'message')) as [
    { readonly type: 'settings'; readonly env: Readonly<Record<string, string>> },
  ]; // no other message is ever sent
  Object.assign(process.env, message.env);
}

export const flag = (byDefault: boolean) =>
  z
    .enum(['true', 'false', '1', '0', 'on', 'off'], 'must be true or false')
    .optional()
    .transform((value) => (value === undefined ? byDefault : value === 'true' || value === '1' || value === 'on'));

export const port = z
  .string()
  .refine((text) => /^\d{1,5}$/.test(text) && Number.parseInt(text, 10) <= 65_535, 'must be a number from 0 to 65535')
  .optional()
  .transform((value) => Number.parseInt(value ?? '0', 10));

export const count = (byDefault: number, max = 1_000_000) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .refine((text) => Number.parseInt(text, 10) <= max, `must be ${String(max)} or less`)
    .optional()
    .transform((value) => (value === undefined ? byDefault : Number.parseInt(value, 10)));

/** `1:base64,2:base64` → versioned secrets; the last one is current, the others still verify. */
export interface SecretRing {
  readonly current: number;
  readonly byVersion: ReadonlyMap<number, Buffer>;
}

export const secretRing = (minBytes: number) =>
  z.string().transform((text, context): SecretRing => {
    const byVersion = new Map<number, Buffer>();
    let current = 0;
    for (const part of text.split(',')) {
      const match = /^(\d{1,4}):([A-Za-z0-9+/]+={0,2})$/.exec(part.trim());
      const secret = Buffer.from(match?.[2] ?? '', 'base64');
      if (match?.[1] === undefined || secret.length < minBytes) {
        context.addIssue({
          code: 'custom',
          message: `must look like 1:<base64 of at least ${String(minBytes)} bytes>[,2:...]`,
        });
        return z.NEVER;
      }
      current = Number.parseInt(match[1], 10);
      if (byVersion.has(current)) {
        context.addIssue({ code: 'custom', message: `holds two secrets of version ${String(current)}` });
        return z.NEVER;
      }
      byVersion.set(current, secret);
    }
    return { current, byVersion };
  });

const buildName = z
  .string()
  .regex(/^[\w.+-]{1,64}$/, 'must be letters, digits and . + - _')
  .optional()
  .transform((value) => value ?? 'unknown');

const ROLES: readonly string[] = ['gateway', ...PRODUCTS, 'admin'].map((name) => `lumi_${name}`);

/**
 * The URL of the database for a process that works as `role`. Another role of Lumi is refused, any other user is not:
 * hosters have names of their own.
 */
const databaseUrl = (role?: string) =>
  z.string().superRefine((text, context) => {
    const refuse = (message: string): void => context.addIssue({ code: 'custom', message });
    if (!/^postgres(ql)?:\/\//.test(text)) return refuse('must be a URL that starts with postgres://');
    if (!URL.canParse(text))
      return refuse('is not a valid URL; in a password, characters such as # / ? @ are written %23 %2F %3F %40');
    const { username } = new URL(text);
    if (role !== undefined && username !== role && ROLES.includes(username))
      refuse(`is the database as ${username}, which is the role of another process; this one works as ${role}`);
  });

/** The addresses of the database for a process that works as `role`. */
export const databaseOf = (role?: string) => ({
  DATABASE_URL: databaseUrl(role).describe(`The database, as ${role ?? 'this process’s own role'}.`),
  DATABASE_DIRECT_URL: databaseUrl(role)
    .optional()
    .describe(
      'The same role past the pooler, for the connections that wait for notifications. Only where DATABASE_URL ' +
        'leads to a pooler in transaction mode (PgBouncer), which does not pass them on.',
    ),
});

const otlpHeaders = z
  .string()
  .optional()
  .transform((text, context): Readonly<Record<string, string>> => {
    const pairs = (text ?? '').split(',').map((pair) => /^\s*([\w-]+)=([^\r\n]+)$/.exec(pair));
    if (text === undefined) return {};
    if (pairs.every((pair) => pair !== null))
      return Object.fromEntries(pairs.map((pair) => [pair[1] ?? '', decoded(pair[2] ?? '')]));
    context.addIssue({ code: 'custom', message: 'must look like name=value,name=value' });
    return z.NEVER;
  });

/** Values may be written as in a URL. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.trim());
  } catch {
    return text.trim();
  }
}

/** The settings that every process needs; a process's own schema extends them. */
export const baseConfig = z.object({
  ...databaseOf(),
  DATABASE_POOL: count(10, 200).describe('Connections this process may hold.'),
  DATABASE_PREPARED: flag(true).describe(
    'Off behind a pooler that cannot keep prepared statements (PgBouncer before 1.21). A process that meets one ' +
      'notices it, and prepares no more.',
  ),
  REDIS_URL: z
    .string()
    .refine(isRedisUrl, 'must be redis:// or rediss:// URLs, with commas between the nodes of a cluster')
    .refine(isOneCluster, 'names nodes with different schemes, users or passwords; a cluster has the same for all')
    .optional()
    .describe(
      'Absent: limits in memory, queue on PostgreSQL. A cluster: several nodes with commas between them, or ' +
        'one with ?cluster=true.',
    ),
  REDIS_PREFIX: z
    .string()
    .max(40, 'must be 40 characters or less')
    .optional()
    .transform((value) => value ?? 'lumi'),
  HOST: z
    .string()
    .optional()
    .transform((value) => value ?? '127.0.0.1'),
  PORT: port,
  LOG_LEVEL: z
    .enum(['error', 'warn', 'info', 'debug', 'silent'], 'must be error, warn, info, debug or silent')
    .optional()
    .transform((value) => value ?? 'info'),
  METRICS_PORT: z
    .string()
    .regex(/^\d{1,5}$/, 'must be a port number')
    .optional()
    .transform((value) => (value === undefined ? null : Number.parseInt(value, 10)))
    .describe('Serves /metrics, /healthz and /readyz to monitoring; absent: no such port; 0: a free one.'),
  METRICS_HOST: z.string().optional().describe('Where METRICS_PORT listens; absent: as HOST says.'),
  STOP_DELAY_MS: count(0, 15_000).describe(
    'After a signal to stop the process goes on for so long, while /readyz already says 503: load balancers need ' +
      'time to notice.',
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/, error: 'must be a URL that starts with http:// or https://' })
    .optional()
    .describe('The receiver of traces (OTLP over HTTP), such as http://collector:4318. Absent: no tracing.'),
  OTEL_EXPORTER_OTLP_HEADERS: otlpHeaders.describe('Headers for it: `name=value`, with commas between them.'),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .regex(/^(0(\.\d{1,6})?|1(\.0{1,6})?)$/, 'must be a number from 0 to 1')
    .optional()
    .transform((value) => Number.parseFloat(value ?? '1'))
    .describe('The part of all requests that is traced, at most 100 a second in each process.'),
  LUMI_VERSION: buildName.describe('Shown by /metrics.'),
  LUMI_COMMIT: buildName.describe('Shown by /metrics.'),
});
