// A certificate of the node's own making, so that HTTPS can be tried without a certificate authority. Node makes keys
// and signatures; the certificate around them (RFC 5280 §4.1) is written here in DER.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { systemClock } from '@lumi/shared/runtime';

const [INTEGER, BIT_STRING, OCTET_STRING, OID, UTF8, SEQUENCE, SET, TIME] = [2, 3, 4, 6, 12, 0x30, 0x31, 0x18];
const [VERSION_3, EXTENSIONS, DNS_NAME] = [0xa0, 0xa3, 0x82];
const ECDSA_SHA256 = Buffer.from('2a8648ce3d040302', 'hex');
const COMMON_NAME = Buffer.from('550403', 'hex');
const SUBJECT_ALT_NAME = Buffer.from('551d11', 'hex');
const DAY_MS = 86_400_000;
const VALID_DAYS = 825;

export function selfSigned(host: string): { readonly key: string; readonly cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = der(SEQUENCE, der(OID, ECDSA_SHA256));
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, der(OID, COMMON_NAME), der(UTF8, Buffer.from(host)))));
  const altName = der(SEQUENCE, der(DNS_NAME, Buffer.from(host)));
  const now = systemClock.nowMs();
  const body = der(
    SEQUENCE,
    der(VERSION_3, der(INTEGER, Buffer.from([2]))),
    der(INTEGER, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    name,
    der(SEQUENCE, time(now - DAY_MS), time(now + VALID_DAYS * DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(EXTENSIONS, der(SEQUENCE, der(SEQUENCE, der(OID, SUBJECT_ALT_NAME), der(OCTET_STRING, altName)))),
  );
  const signature = Buffer.concat([Buffer.from([0]), sign('sha256', body, privateKey)]);
  const certificate = der(SEQUENCE, body, algorithm, der(BIT_STRING, signature));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
  };
}

function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

/** GeneralizedTime, seconds, UTC. */
function time(ms: number): Buffer {
  return der(
    TIME,
    Buffer.from(
      `${new Date(ms)
        .toISOString()
        .replace(/[-:T]|\..*$/g, '')
        .slice(0, 14)}Z`,
    ),
  );
}
