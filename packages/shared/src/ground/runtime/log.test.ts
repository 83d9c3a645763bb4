import { redact } from './log';

it.each([
  ['redis://:hushhush@10.0.0.7:6379/0', 'redis://[redacted]@10.0.0.7:6379/0'],
  ['rediss://user:hush/hush@redis', 'rediss://[redacted]@redis'],
  ['postgresql://lumi_vps:hushhush@db/lumi', 'postgresql://[redacted]@db/lumi'],
  ['https://hushhush@collector:4318/v1/traces', 'https://[redacted]@collector:4318/v1/traces'],
])('the credentials in %s do not reach the log', (url, shown) => {
  expect(redact(`failed: ${url} (twice)`)).toBe(`failed: ${shown} (twice)`);
});

it('addresses without credentials are shown as they are', () => {
  const text = 'failed: https://api.example.com/a?by=me@example.com, redis://10.0.0.7:6379/0 me@here';
  expect(redact(text)).toBe(text);
});
