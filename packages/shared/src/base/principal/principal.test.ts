// Which identities a service accepts. The tokens are signed with the gateway's own key, so that only the tested fault
// refuses them.
import { createPublicKey, createHash, generateKeyPairSync } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { AppError } from '../../ground/contract';
import { FixedClock } from '../../ground/runtime';
import { IdentitySigner, IdentityVerifier, publicJwks, publicPrincipal } from '.';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const { crv, kty, x, y } = createPublicKey(privateKey).export({ format: 'jwk' });
const keyid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url').slice(0, 16);
const NOW_S = 1_800_000_000;

function token(claims: object = {}, header: object = {}): string {
  const all = {
    iss: 'lumi-gateway',
    aud: 'lumi-domains',
    sub: 'key_1',
    typ: 'reseller',
    acc: 'usr_1',
    lin: 'lin_1',
    scp: [],
    mlim: 1,
    rlim: 1,
    iat: NOW_S,
    exp: NOW_S + 60,
    ...claims,
  };
  return jwt.sign(all, privateKey, { algorithm: 'ES256', keyid, header: { alg: 'ES256', ...header } });
}

function verdict(text: string | undefined, nowS = NOW_S): string {
  try {
    new IdentityVerifier(publicJwks(pem), 'domains', new FixedClock(nowS * 1000)).verify(text);
    return 'taken';
  } catch (err) {
    return err instanceof AppError
      ? `${String(err.status)} ${err.code} ${String(err.retryAfterS ?? '')}`.trim()
      : String(err);
  }
}

describe('an identity', () => {
  it('of the gateway is accepted', () => {
    const signed = new IdentitySigner(pem, new FixedClock(NOW_S * 1000)).sign(publicPrincipal('domains'), 'x');
    expect([verdict(signed), verdict(token()), verdict(token(), NOW_S + 59)]).toEqual(['taken', 'taken', 'taken']);
  });

  it.each<[string, string | undefined]>([
    ['that is missing', undefined],
    ['that is no token', 'x'],
    ['issued in the future', token({ iat: NOW_S + 30, exp: NOW_S + 90 })],
    ['that lives longer than a minute', token({ exp: NOW_S + 61 })],
    ['issued long ago for long', token({ iat: NOW_S - 30, exp: NOW_S + 31 })],
    ['with a critical extension', token({}, { crit: ['b64'], b64: true })],
    ['with an empty list of critical extensions', token({}, { crit: [] })],
    ['of another issuer', token({ iss: 'me' })],
    ['for another service', token({ aud: 'lumi-vps' })],
    ['that ends before it begins', token({ exp: NOW_S - 1 })],
    ['in halves of seconds', token({ exp: NOW_S + 30.5 })],
    ['changed on the way', `${token().slice(0, -4)}AAAA`],
  ])('%s is 401', (_what, text) => {
    expect(verdict(text)).toBe('401 invalid_key');
  });

  it('without times is 401', () => {
    const bare = jwt.sign({ iss: 'lumi-gateway', aud: 'lumi-domains', sub: 'key_1' }, privateKey, {
      algorithm: 'ES256',
      keyid,
      noTimestamp: true,
    });
    expect(verdict(bare)).toBe('401 invalid_key');
  });

  it('that came too late is 503 with Retry-After, because its key is valid', () => {
    expect(verdict(token(), NOW_S + 66)).toBe('503 service_unavailable 1');
    expect(verdict(token(), NOW_S + 4_000)).toBe('503 service_unavailable 1');
  });

  it('that came too late and was also changed is 401', () => {
    expect(verdict(`${token().slice(0, -4)}AAAA`, NOW_S + 66)).toBe('401 invalid_key');
  });
});
