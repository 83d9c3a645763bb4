// Each process's own config.ts reads its settings once, at start. All faults are reported together, in sentences, and
// then the process exits: a process with incomplete settings never serves.
import { once } from 'node:events';
import { z } from 'zod';
import { isRedisUrl } from './redis';

export function readConfig<T extends z.ZodObject>(
  schema: T,
  env: Readonly<Record<string, string | undefined>>,
): z.output<T> {
  const known = Object.fromEntries(
    Object.keys(schema.shape).map((name) => [name, env[name] === '' ? undefined : env[name]]),
  );
  const result = schema.safeParse(known, { reportInput: true });
  if (result.success) return result.data;
  const faults = result.error.issues.map(
    (issue) =>
      `  ${issue.path.join('.')}: ` +
      `${issue.code === 'invalid_type' && issue.input === undefined ? 'is missing' : issue.message}`,
  );
  process.stderr.write(`Configuration is not valid:\n${faults.join('\n')}\n`);
  process.exit(1);
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
    .enum(['true', 'false', '1', '0', 'on', 'off'])
    .optional()
    .transform((value) => (value === undefined ? byDefault : value === 'true' || value === '1' || value === 'on'));

export const port = z
  .string()
  .regex(/^\d{1,5}$/)
  .optional()
  .transform((value) => Number.parseInt(value ?? '0', 10));

export const count = (byDefault: number, max = 1_000_000) =>
  z
    .string()
    .regex(/^\d{1,9}$/)
    .optional()
    .transform((value) => (value === undefined ? byDefault : Number.parseInt(value, 10)))
    .pipe(z.number().max(max));

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
      byVersion.set(current, secret);
    }
    return { current, byVersion };
  });

const buildName = z
  .string()
  .regex(/^[\w.+-]{1,64}$/, 'must be letters, digits and . + - _')
  .optional()
  .transform((value) => value ?? 'unknown');

/** The settings that every process needs; a process's own schema extends them. */
export const baseConfig = z.object({
  DATABASE_URL: z.string().startsWith('postgres').describe('This process’s own database role.'),
  DATABASE_POOL: count(10, 200).describe('Connections this process may hold.'),
  DATABASE_DIRECT_URL: z
    .string()
    .startsWith('postgres', 'must be a postgres URL')
    .optional()
    .describe(
      'The same role past the pooler, for the connections that wait for notifications. Only where DATABASE_URL ' +
        'leads to a pooler in transaction mode (PgBouncer), which does not pass them on.',
    ),
  DATABASE_PREPARED: flag(true).describe(
    'Off behind a pooler that cannot keep prepared statements (PgBouncer before 1.21). A process that meets one ' +
      'notices it, and prepares no more.',
  ),
  REDIS_URL: z
    .string()
    .refine(isRedisUrl, 'must be redis:// or rediss:// URLs, with commas between the nodes of a cluster')
    .optional()
    .describe(
      'Absent: limits in memory, queue on PostgreSQL. A cluster: several nodes with commas between them, or ' +
        'one with ?cluster=true.',
    ),
  REDIS_PREFIX: z
    .string()
    .max(40)
    .optional()
    .transform((value) => value ?? 'lumi'),
  HOST: z
    .string()
    .optional()
    .transform((value) => value ?? '127.0.0.1'),
  PORT: port,
  LOG_LEVEL: z
    .enum(['error', 'warn', 'info', 'debug', 'silent'])
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
  LUMI_VERSION: buildName.describe('Shown by /metrics.'),
  LUMI_COMMIT: buildName.describe('Shown by /metrics.'),
});
