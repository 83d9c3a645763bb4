// A proxy that is missing in TRUST_PROXY is noticed, and logged once.
import { testDatabase } from '@lumi/shared/testing';
import { ask, openFixture, type Fixture } from './fixture';

const database = testDatabase();
let fixture: Fixture;

beforeAll(async () => {
  fixture = await openFixture(database, null);
});
afterAll(() => fixture.close());

async function warnings(env: Record<string, string>, keys: number, headers: Record<string, string>): Promise<number> {
  const gateway = await fixture.gateway(env);
  const warn = jest.spyOn(gateway.wiring.log, 'warn');
  for (let i = 0; i < keys; i += 1) {
    const { key } = await fixture.newKey();
    for (let again = 0; again < 2; again += 1)
      expect((await ask(gateway, { path: '/api/v1/me', key, headers })).status).toBe(200);
  }
  const told = warn.mock.calls.filter(([message]) => message.includes('TRUST_PROXY')).length;
  warn.mockRestore();
  return told;
}

it('is logged once when many keys come from one address with X-Forwarded-For', async () => {
  expect(await warnings({}, 8, { 'x-forwarded-for': '203.0.113.1' })).toBe(1);
});

it('is not logged for a few keys, for keys without the header, or for a trusted proxy', async () => {
  expect(await warnings({}, 4, { 'x-forwarded-for': '203.0.113.1' })).toBe(0);
  expect(await warnings({}, 8, {})).toBe(0);
  expect(await warnings({ TRUST_PROXY: 'loopback' }, 8, { 'x-forwarded-for': '203.0.113.1' })).toBe(0);
});
