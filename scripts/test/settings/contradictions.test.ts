// Settings that exclude each other, or that are meant for another process.
import { generateKeyPairSync } from 'node:crypto';
import { serviceConfig } from '@lumi/shared/service';
import { readAdminEnvironment } from '../../../packages/shared/src/house-keeping/admin/config';
import { MEANT_FOR } from '../../../packages/shared/src/ground/runtime/given-settings.cjs';
import { gatewaySettings, readGatewayConfig } from '../../../gateway/src/config';
import { domainsSettings, readDomainsConfig } from '../../../services/domains/src/config';
import { proxySettings } from '../../../services/proxy/src/config';
import { readVpsConfig, vpsSettings } from '../../../services/vps/src/config';
import { ADMIN, DOMAINS, GATEWAY, VPS, base64, faultsOf, ring } from './given';

describe('settings that exclude each other', () => {
  const REAL = 'https://pay.crypt.bot';

  it.each([
    ['two products at one address', readGatewayConfig, { ...GATEWAY, VPS_URL: 'http://domains:9000/' }, ['VPS_URL']],
    ['a pay provider without its token', readVpsConfig, { ...VPS, CRYPTO_PAY_URL: REAL }, ['CRYPTO_PAY_TOKEN']],
    ['a token without its provider', readVpsConfig, { ...VPS, CRYPTO_PAY_TOKEN: '1:x' }, ['CRYPTO_PAY_URL']],
    [
      'test money beside a provider of real money',
      readVpsConfig,
      { ...VPS, CRYPTO_PAY_URL: REAL, CRYPTO_PAY_TOKEN: '1:x', SANDBOX_PAYMENTS: 'true' },
      ['SANDBOX_PAYMENTS'],
    ],
    ['an end before the grace is over', readVpsConfig, { ...VPS, GRACE_HOURS: '400' }, ['GRACE_HOURS']],
    ['two secrets of one version', readVpsConfig, { ...VPS, KEY_PEPPERS: `${ring()},${ring()}` }, ['KEY_PEPPERS']],
    [
      'nodes of a cluster with two passwords',
      readVpsConfig,
      { ...VPS, REDIS_URL: 'redis://:a@r1:6379,redis://:b@r2:6379' },
      ['REDIS_URL'],
    ],
    [
      'a private key as a public one',
      readVpsConfig,
      {
        ...VPS,
        IDENTITY_PUBLIC_KEYS: base64(
          JSON.stringify({
            keys: [generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })],
          }),
        ),
      },
      ['IDENTITY_PUBLIC_KEYS'],
    ],
  ])('%s', (_case, read, env, names) => {
    expect(faultsOf(read, env).map((fault) => fault.split(':')[0])).toEqual(names);
  });

  it('are named beside all other faults', () => {
    const names = faultsOf(readGatewayConfig, {
      ...GATEWAY,
      VPS_URL: 'http://domains:9000',
      PORT: '70000',
      KEY_QUEUE: 'x',
    }).map((fault) => fault.split(':')[0]);

    expect(names.sort()).toEqual(['KEY_QUEUE', 'PORT', 'VPS_URL']);
  });
});

describe('a setting of another process', () => {
  it('is refused: the gateway’s at a service, a service’s at the gateway and at the lumi command', () => {
    expect(faultsOf(readVpsConfig, { ...VPS, IDENTITY_PRIVATE_KEY: 'x', PROXY_URL: 'http://p' })).toEqual([
      'IDENTITY_PRIVATE_KEY: is a setting of the gateway, not of this process; take it out here',
      'PROXY_URL: is a setting of the gateway, not of this process; take it out here',
    ]);
    const ofServices = ['ADMIN_DATABASE_URL: is a setting of the services, not of this process; take it out here'];
    expect(faultsOf(readGatewayConfig, { ...GATEWAY, ADMIN_DATABASE_URL: 'x' })).toEqual(ofServices);
    expect(faultsOf(readAdminEnvironment, { ...ADMIN, ADMIN_DATABASE_URL: 'x' })).toEqual(ofServices);
  });

  it('may stand at a sister service, because services may have one environment', () => {
    expect(faultsOf(readDomainsConfig, { ...DOMAINS, GRACE_HOURS: '48' })).toEqual([]);
  });

  it('is known for every setting that one kind of process has alone', () => {
    const services = [serviceConfig, domainsSettings, vpsSettings, proxySettings].flatMap(({ shape }) =>
      Object.keys(shape),
    );
    const gateway = Object.keys(gatewaySettings.shape);
    const [ofGateway, ofServices] = MEANT_FOR.map(({ names }) => [...names].sort());

    expect(ofGateway).toEqual(gateway.filter((name) => !services.includes(name)).sort());
    // It describes the whole installation.
    expect([...(ofServices ?? []), 'PUBLIC_URL'].sort()).toEqual(
      [...new Set(services)].filter((name) => !gateway.includes(name)).sort(),
    );
  });
});
