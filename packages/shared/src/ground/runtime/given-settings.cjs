// The settings that a process is given: in its environment, or in files that the environment names (`X_FILE` instead of
// `X`). Plain JavaScript, because the launcher reads its own settings before anything is installed or compiled.
const { closeSync, constants, fstatSync, openSync, readSync } = require('node:fs');

/** @typedef {Readonly<Record<string, string | undefined>>} Env */
/** @typedef {{ readonly name: string; readonly message: string }} SettingFault the message holds no value */

const FILE_MAX_BYTES = 64 * 1024;

/**
 * The settings that only one kind of process has. In the environment of another kind they are a mistake: a secret where
 * it is not needed, or a setting without effect. PUBLIC_URL describes the whole installation, so it may stand anywhere,
 * and services may have one environment together.
 *
 * @type {readonly { readonly owner: string; readonly names: readonly string[] }[]}
 */
const MEANT_FOR = [
  {
    owner: 'the gateway',
    names: [
      'IDENTITY_PRIVATE_KEY',
      'DOMAINS_URL',
      'VPS_URL',
      'PROXY_URL',
      'API_ENABLED',
      'HOST_BINDINGS',
      'TRUST_PROXY',
      'ROUTES_POLL_MS',
      'UPSTREAM_TIMEOUT_MS',
      'UPSTREAM_CONNECTIONS',
      'SERVICE_CONCURRENCY',
      'KEY_CONCURRENCY',
      'KEY_QUEUE',
      'ADDRESS_CONNECTIONS',
      'PUBLIC_PER_MINUTE',
    ],
  },
  {
    owner: 'the services',
    names: [
      'ADMIN_DATABASE_URL',
      'IDENTITY_PUBLIC_KEYS',
      'CURSOR_SECRET',
      'DEFAULT_DAILY_CAP_USD',
      'CRYPTO_PAY_URL',
      'CRYPTO_PAY_TOKEN',
      'SANDBOX_PAYMENTS',
      'WEBHOOK_RETRY_S',
      'WEBHOOK_TIMEOUT_MS',
      'WEBHOOK_ALLOW_NETWORKS',
      'SANDBOX_TIMEOUT_MS',
      'SANDBOX_SLOW_MS',
      'SANDBOX_CREATE_MS',
      'SANDBOX_ACTION_MS',
      'GRACE_HOURS',
      'TERMINATE_AFTER_HOURS',
      'UNDELETE_HOURS',
      'PROXY_CHECK_TARGETS',
      'PROXY_EXIT_REST_S',
      'PROXY_ENTRY_HOST',
      'PROXY_LOCAL_NODE_TOKEN',
      'PROXY_USABLE_WITHIN_MS',
      'PROXY_NETWORKS',
      'PROXY_UPSTREAM_URL',
      'PROXY_UPSTREAM_TOKEN',
      'PROXY_UPSTREAM_TIMEOUT_MS',
      'PROXY_UPSTREAM_PROTOCOL',
    ],
  },
  {
    owner: 'the migration',
    names: [
      'LUMI_GATEWAY_PASSWORD',
      'LUMI_DOMAINS_PASSWORD',
      'LUMI_VPS_PASSWORD',
      'LUMI_PROXY_PASSWORD',
      'LUMI_ADMIN_PASSWORD',
    ],
  },
  { owner: 'gateway, services and the lumi command', names: ['KEY_PEPPERS', 'SECRET_RING'] },
];

/**
 * The values of the settings that a process reads (`names`), from the environment and from files. An empty variable
 * counts as not given. Variables that are no settings of Lumi are ignored. A process that reads a setting of a group
 * may have all of that group.
 *
 * @param {Env} env
 * @param {readonly string[]} names
 * @param {(group: { readonly names: readonly string[] }) => boolean} [isOfGroup]
 * @returns {{ readonly given: Readonly<Record<string, string>>; readonly faults: readonly SettingFault[] }}
 */
function givenSettings(env, names, isOfGroup = (group) => group.names.some((name) => names.includes(name))) {
  /** @type {Record<string, string>} */
  const given = {};
  /** @type {SettingFault[]} */
  const faults = MEANT_FOR.filter((group) => !isOfGroup(group)).flatMap((group) => misplaced(env, names, group));
  for (const name of names) {
    const value = env[name] || undefined;
    const path = env[`${name}_FILE`] || undefined;
    if (value !== undefined && path !== undefined) {
      faults.push({ name, message: `is given twice: as ${name} and as ${name}_FILE; leave one of them out` });
    } else if (path !== undefined) {
      const read = contentOf(path);
      if (read.reason === undefined) given[name] = read.value;
      else faults.push({ name, message: `cannot be taken from the file of ${name}_FILE: ${read.reason}` });
    } else if (value !== undefined) {
      given[name] = value;
    }
  }
  return { given, faults };
}

/**
 * @param {Env} env
 * @param {readonly string[]} names
 * @param {(typeof MEANT_FOR)[number]} group
 * @returns {SettingFault[]}
 */
function misplaced(env, names, group) {
  return group.names
    .filter((name) => !names.includes(name))
    .flatMap((name) => [name, `${name}_FILE`])
    .filter((name) => env[name])
    .map((name) => ({ name, message: `is a setting of ${group.owner}, not of this process; take it out here` }));
}

/**
 * The content without its last newline. The path is not repeated in a reason: it may be a secret that was given to the
 * wrong variable.
 *
 * @param {string} path
 * @returns {{ readonly value: string; readonly reason?: undefined } | { readonly reason: string }}
 */
function contentOf(path) {
  let file;
  try {
    // Judged and read as one open file: its name may lead to another one a moment later. A pipe is not waited for.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!fstatSync(file).isFile()) return { reason: 'it is not a regular file' };
    const bytes = firstBytes(file, FILE_MAX_BYTES + 1);
    if (bytes.length > FILE_MAX_BYTES) return { reason: `it is larger than ${FILE_MAX_BYTES / 1024} KiB` };
    const value = new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '');
    if (value === '') return { reason: 'it is empty' };
    if (value.includes('\0')) return { reason: 'it is not text' };
    return { value };
  } catch (err) {
    return { reason: reasonOf(err) };
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/**
 * At most so many. The size that a file says it has may be 0 (/proc), or another a moment later.
 *
 * @param {number} file
 * @param {number} most
 */
function firstBytes(file, most) {
  const bytes = Buffer.alloc(most);
  let size = 0;
  for (let read = -1; read !== 0 && size < most; size += read) read = readSync(file, bytes, size, most - size, null);
  return bytes.subarray(0, size);
}

/** @param {unknown} err */
function reasonOf(err) {
  const code = typeof err === 'object' && err !== null && 'code' in err ? String(err.code) : 'unknown';
  const sentences = {
    ENOENT: 'there is no such file',
    ENOTDIR: 'there is no such file',
    ENAMETOOLONG: 'there is no such file',
    EACCES: 'this user may not read it',
    EPERM: 'this user may not read it',
    ERR_ENCODING_INVALID_ENCODED_DATA: 'it is not UTF-8 text',
  };
  return new Map(Object.entries(sentences)).get(code) ?? `it cannot be read (${code})`;
}

module.exports = { MEANT_FOR, givenSettings };
