// Logging: one JSON line per event. Redaction is on by default and checks values as well as names, so that a secret in
// an unexpected field is masked too. Bodies of money requests are never passed to the logger.
import winston from 'winston';

export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

const SECRET_NAMES =
  /authorization|cookie|signature|secret|password|passwd|token|auth_?code|pepper|private_?key|database_url|redis_url|identity|user_data/i;
const SECRET_VALUES: readonly (readonly [RegExp, string])[] = [
  [/lumi_(domains|vps|proxy)_[A-Za-z0-9]{6,}/g, 'lumi_$1_[redacted]'],
  [/\bBearer\s+\S+/gi, 'Bearer [redacted]'],
  [/\beyJ[\w-]{8,}\.[\w-]+\.[\w-]+/g, '[redacted-token]'],
  // The user may be missing (redis://:password@host), or the password (https://token@host).
  [/\b(postgres(?:ql)?|rediss?|https?):\/\/(?:[^\s:/@]*:[^\s@]+|[^\s:/@]+)@/g, '$1://[redacted]@'],
  [/\b\d{4,}:AA[\w-]{20,}/g, '[redacted-token]'],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g, '[redacted-key]'],
];
const MAX_DEPTH = 6;

export function redact(value: unknown, name = '', depth = 0): unknown {
  if (value === null || value === undefined) return value;
  if (SECRET_NAMES.test(name)) return '[redacted]';
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object') return value;
  if (depth >= MAX_DEPTH) return '[deep]';
  if (value instanceof Error) return redactError(value, depth);
  if (value instanceof Date) return value;
  if (Buffer.isBuffer(value)) return `[${String(value.length)} bytes]`;
  if (Array.isArray(value)) return value.slice(0, 50).map((item) => redact(item, '', depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redact(item, key, depth + 1)]));
}

function redactText(text: string): string {
  let clean = text.length > 8_192 ? `${text.slice(0, 8_192)}…` : text;
  for (const [pattern, replacement] of SECRET_VALUES) clean = clean.replace(pattern, replacement);
  return clean;
}

function redactError(err: Error, depth: number): Record<string, unknown> {
  return {
    name: err.name,
    message: redactText(err.message),
    stack: err.stack === undefined ? undefined : redactText(err.stack),
    ...(err.cause === undefined ? {} : { cause: redact(err.cause, '', depth + 1) }),
    ...('code' in err ? { code: redact(err.code, '', depth + 1) } : {}),
  };
}

export function createLog(options: { level: string; process: string; stream?: NodeJS.WritableStream }): Log {
  const logger = winston.createLogger({
    level: options.level === 'silent' ? 'error' : options.level,
    silent: options.level === 'silent',
    format: winston.format.combine(
      winston.format((info) => Object.assign(info, redact(info)))(),
      winston.format.timestamp(),
      winston.format.json(),
    ),
    defaultMeta: { process: options.process },
    transports: [
      options.stream === undefined
        ? new winston.transports.Console({ stderrLevels: [] })
        : new winston.transports.Stream({ stream: options.stream }),
    ],
  });
  return {
    debug: (message, fields) => logger.debug(message, fields),
    info: (message, fields) => logger.info(message, fields),
    warn: (message, fields) => logger.warn(message, fields),
    error: (message, fields) => logger.error(message, fields),
  };
}

/** For tests and tools without a reader. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
