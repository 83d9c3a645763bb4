import { createHmac, randomBytes } from 'node:crypto';
import { digestOfLogin } from '../nodes/node-token';
import { LoginDigests } from './login-digests';

describe('digests of logins', () => {
  it.each([0, 1, 32, 63, 64, 65, 200])('are those of the service, under a key of %d bytes', (size) => {
    const digests = new LoginDigests();
    const key = randomBytes(size);
    digests.useKey(key);
    for (const [name, password] of [
      ['customer', 'secret-word'],
      ['', ''],
      ['ключ', 'пароль\u{1f511}'],
      ['n'.repeat(300), 'p'.repeat(20_000)],
    ] as const)
      expect(digests.of(name, password)).toBe(digestOfLogin(key, name, password));
  });

  it('are made under no key before there is one', () => {
    expect(new LoginDigests().of('a', 'b')).toBe(createHmac('sha256', '').update('a\0b').digest('base64'));
  });

  it('are kept for two minutes at most, and forgotten with their key', () => {
    let nowMs = 0;
    const digests = new LoginDigests(() => nowMs);
    digests.remember('a', 'b', 'digest');
    expect([digests.known('a', 'b'), digests.known('a', 'c')]).toEqual(['digest', undefined]);
    nowMs = 60_001;
    expect(digests.known('a', 'b')).toBe('digest');
    nowMs = 120_002;
    expect(digests.known('a', 'b')).toBeUndefined();
    digests.remember('a', 'b', 'digest');
    digests.useKey(randomBytes(32));
    expect(digests.known('a', 'b')).toBeUndefined();
  });

  it('are kept for the last few thousand pairs', () => {
    const digests = new LoginDigests();
    for (let i = 0; i < 5_000; i += 1) digests.remember('a', String(i), 'digest');
    expect([digests.known('a', '0'), digests.known('a', '4999')]).toEqual([undefined, 'digest']);
  });
});
