// Writes the Secrets that the charts name, as manifests for kubectl:
//   (umask 077; node infra/docker/make-env.mjs > lumi.env)      (once; keep the file where you keep secrets)
//   node infra/helm/make-secrets.mjs --env lumi.env --database postgresql://lumi-db-rw:5432/lumi \
//     --redis redis://lumi-redis:6379 | kubectl -n lumi apply -f -
// `--pooler postgresql://lumi-db-pooler:5432/lumi` where a pooler is in front, `--installation lumi` for another name,
// `--owner-url` where the owner's password is not POSTGRES_PASSWORD of the file. CRYPTO_PAY_TOKEN goes to each product,
// PROXY_UPSTREAM_TOKEN to proxy.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';

const PRODUCTS = ['domains', 'vps', 'proxy'];
const USAGE =
  'Usage: make-secrets.mjs --env FILE --database URL [--redis URL] [--pooler URL] [--owner-url URL] ' +
  '[--installation NAME]';
const options = /** @type {const} */ ({ type: 'string' });

/** @param {readonly string[]} args */
function readArguments(args) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      env: options,
      database: options,
      redis: options,
      pooler: options,
      'owner-url': options,
      installation: { ...options, default: 'lumi' },
    },
  });
  const { env, database } = values;
  if (env === undefined || database === undefined) throw new Error(`--env and --database are required.\n${USAGE}`);
  return { ...values, env, database };
}

/** @param {string} file */
function readEnv(file) {
  const pairs = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => /^[A-Z_]+=/.test(line))
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
  /** @type {Readonly<Record<string, string>>} */
  const env = Object.fromEntries(pairs);
  return (/** @type {string} */ name) => {
    const value = env[name];
    if (value === undefined || value === '')
      throw new Error(`${file} has no ${name}: complete it with node infra/docker/make-env.mjs ${file} >> ${file}`);
    return value;
  };
}

/**
 * @param {string} text
 * @param {string} user
 * @param {string} password
 */
function as(text, user, password) {
  if (!URL.canParse(text) || !/^postgres(ql)?:$/.test(new URL(text).protocol))
    throw new Error(`${text} is no address such as postgresql://lumi-db-rw:5432/lumi.`);
  const url = new URL(text);
  url.username = user;
  url.password = encodeURIComponent(password);
  return url.href;
}

/** @param {ReturnType<typeof readArguments>} told */
function secrets({ env: file, database, redis, pooler, installation, 'owner-url': ownerUrl }) {
  const env = readEnv(file);
  const passwordOf = (/** @type {string} */ role) => env(`${role.toUpperCase()}_DB_PASSWORD`);
  const urls = (/** @type {string} */ role) => ({
    DATABASE_URL: as(pooler ?? database, `lumi_${role}`, passwordOf(role)),
    ...(pooler === undefined ? {} : { DATABASE_DIRECT_URL: as(database, `lumi_${role}`, passwordOf(role)) }),
    ...(redis === undefined ? {} : { REDIS_URL: redis }),
  });
  const ofKeys = { KEY_PEPPERS: env('KEY_PEPPERS'), SECRET_RING: env('SECRET_RING') };
  const roles = ['gateway', ...PRODUCTS, 'admin'];
  const token = /^CRYPTO_PAY_TOKEN=./m.test(readFileSync(file, 'utf8'))
    ? { CRYPTO_PAY_TOKEN: env('CRYPTO_PAY_TOKEN') }
    : {};
  const upstream = /^PROXY_UPSTREAM_TOKEN=./m.test(readFileSync(file, 'utf8'))
    ? { PROXY_UPSTREAM_TOKEN: env('PROXY_UPSTREAM_TOKEN') }
    : {};
  /** @type {Record<string, Record<string, string>>} */
  const all = {
    migrations: {
      DATABASE_URL: ownerUrl ?? as(database, 'lumi', env('POSTGRES_PASSWORD')),
      ...Object.fromEntries(roles.map((role) => [`LUMI_${role.toUpperCase()}_PASSWORD`, passwordOf(role)])),
    },
    gateway: { ...urls('gateway'), ...ofKeys, IDENTITY_PRIVATE_KEY: env('IDENTITY_PRIVATE_KEY') },
    ...Object.fromEntries(
      PRODUCTS.map((product) => [
        product,
        {
          ...urls(product),
          ...ofKeys,
          ADMIN_DATABASE_URL: as(pooler ?? database, 'lumi_admin', passwordOf('admin')),
          IDENTITY_PUBLIC_KEYS: env('IDENTITY_PUBLIC_KEYS'),
          CURSOR_SECRET: env('CURSOR_SECRET'),
          ...token,
          ...(product === 'proxy' ? upstream : {}),
        },
      ]),
    ),
    // The node that the service enrols by its token. Others: docs/nodes.md.
    'proxy-node': { PROXY_NODE_ID_0: 'node_local', PROXY_NODE_TOKEN_0: env('PROXY_NODE_TOKEN') },
    tools: {
      DATABASE_URL: as(database, 'lumi_admin', passwordOf('admin')),
      ...(redis === undefined ? {} : { REDIS_URL: redis }),
      ...ofKeys,
    },
  };
  return Object.entries(all).map(([name, stringData]) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `${installation}-${name}`, labels: { 'app.kubernetes.io/part-of': installation } },
    type: 'Opaque',
    stringData,
  }));
}

try {
  const manifests = secrets(readArguments(process.argv.slice(2)));
  process.stdout.write(manifests.map((one) => `---\n${stringify(one, { lineWidth: 0 })}`).join(''));
} catch (err) {
  console.error(err instanceof Error ? err.message : String(err));
  process.exitCode = 1;
}
