// Certificates: of every address that the settings reach by TLS, and of the files of authorities.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { DoctorSettings } from './config';
import { fail, ok, reasonOf, span, warn, type Finding } from './finding';

interface Target {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly isPostgres?: boolean;
  /** PostgreSQL with sslmode=require checks no authority. */
  readonly isUntrusted?: boolean;
  readonly ca?: string | undefined;
}

const LIMIT_MS = 5_000;
const DAY_S = 86_400;
const SOON_S = 21 * DAY_S;
const VERY_SOON_S = 3 * DAY_S;
const COLLECTION = 20;
const RENEW = 'renew it, and look at what should have done so';

/** One line for each address and each file. */
export async function lookAtCertificates(settings: DoctorSettings, nowMs: number): Promise<readonly Finding[]> {
  const targets = targetsOf(settings);
  const files = [settings.NODE_EXTRA_CA_CERTS, caOf(settings.DATABASE_URL)].filter((path) => path !== undefined);
  const found = await Promise.all(targets.map((target) => lookAtTarget(target, nowMs)));
  return [...found, ...[...new Set(files)].map((path) => lookAtFile(path, nowMs))];
}

function targetsOf(settings: DoctorSettings): Target[] {
  const urls = Object.entries(settings)
    .filter(([name, value]) => name.endsWith('_URL') && typeof value === 'string')
    .flatMap(([name, value]) =>
      String(value)
        .split(',')
        .map((url) => ({ name, url: new URL(url) })),
    );
  return urls.flatMap(({ name, url }): Target[] => {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const at = (port: number): Target => ({ name, host, port: url.port === '' ? port : Number(url.port) });
    const mode = url.searchParams.get('sslmode') ?? '';
    if (url.protocol === 'https:') return [at(443)];
    if (url.protocol === 'rediss:') return [at(6_379)];
    if (!url.protocol.startsWith('postgres') || !/^(require|verify-ca|verify-full|no-verify)$/.test(mode)) return [];
    return [{ ...at(5_432), isPostgres: true, isUntrusted: mode === 'no-verify', ca: caOf(settings.DATABASE_URL) }];
  });
}

function caOf(url: string): string | undefined {
  return new URL(url).searchParams.get('sslrootcert') ?? undefined;
}

async function lookAtTarget(target: Target, nowMs: number): Promise<Finding> {
  const what = `certificates: ${target.name} (${target.host}:${String(target.port)})`;
  try {
    const { validTo, reason } = await certificateOf(target);
    const left = (Date.parse(validTo) - nowMs) / 1_000;
    if (left <= 0) return fail(`${what} expired ${span(-left)} ago`, RENEW);
    if (reason !== null && target.isUntrusted !== true)
      return fail(`${what} is not trusted: ${reason}`, 'name its authority in NODE_EXTRA_CA_CERTS, or repair it');
    return expiry(what, left);
  } catch (err) {
    return fail(`${what} cannot be read: ${reasonOf(err)}`, 'check the address, and that TLS is spoken there');
  }
}

function expiry(what: string, left: number): Finding {
  if (left < VERY_SOON_S) return fail(`${what} ends in ${span(left)}`, RENEW);
  return left < SOON_S ? warn(`${what} ends in ${span(left)}`, RENEW) : ok(`${what} is good for ${span(left)}`);
}

async function certificateOf(target: Target): Promise<{ validTo: string; reason: string | null }> {
  const { host, port, ca } = target;
  const socket = connectTcp({ host, port });
  socket.setTimeout(LIMIT_MS, () => socket.destroy(new Error('no answer in time')));
  try {
    await reached(socket, target);
    return await new Promise((resolve, reject) => {
      const tls = connectTls(
        {
          socket,
          host,
          rejectUnauthorized: false,
          ...(isIP(host) === 0 ? { servername: host } : {}),
          ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
        },
        () => {
          const error: unknown = tls.authorizationError; // a string at run time, whatever its type says
          const reason = tls.authorized ? null : error instanceof Error ? error.message : String(error);
          resolve({ validTo: tls.getPeerCertificate().valid_to, reason });
        },
      );
      tls.on('error', reject);
      socket.once('close', () => reject(new Error('the connection was closed')));
    });
  } finally {
    socket.destroy();
  }
}

/** PostgreSQL speaks TLS only after it was asked to. */
function reached(socket: Socket, { isPostgres = false }: Target): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed')));
    socket.once('connect', () => {
      if (!isPostgres) return resolve();
      socket.once('data', (answer) =>
        answer[0] === 0x53 ? resolve() : reject(new Error('the server does not offer TLS')),
      );
      socket.write(Buffer.from([0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f])); // SSLRequest
    });
  });
}

function lookAtFile(path: string, nowMs: number): Finding {
  const what = `certificates: the file ${path}`;
  try {
    const blocks =
      readFileSync(path, 'utf8').match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
    if (blocks.length === 0) return fail(`${what} holds no certificate`, 'put the authority’s certificate there (PEM)');
    const ends = blocks.map((block) => (Date.parse(new X509Certificate(block).validTo) - nowMs) / 1_000);
    // The collection of a system holds expired ones too.
    if (blocks.length >= COLLECTION) return ok(`${what} holds ${String(blocks.length)} authorities`);
    const left = Math.min(...ends);
    return left <= 0 ? fail(`${what} holds one that expired ${span(-left)} ago`, 'replace it') : expiry(what, left);
  } catch (err) {
    return fail(`${what} cannot be read: ${reasonOf(err)}`, 'repair the path or the file');
  }
}
