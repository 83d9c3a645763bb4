import { addressBucket } from './address-bucket';

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['2001:db8::1', '2001:db8::/64'],
  ['2001:DB8:0:0:ffff::3', '2001:db8::/64'],
  ['2001:db8:0:1::1', '2001:db8:0:1::/64'],
  ['1:2:3:4:5:6:7:8', '1:2:3:4::/64'],
  ['::1', '::/64'],
  ['64:ff9b::192.0.2.33', '64:ff9b::/64'],
  ['fe80::1%eth0', 'fe80::/64'],
])('the bucket of %s is %s', (address, bucket) => {
  expect(addressBucket(address)).toBe(bucket);
});

it('is the same for every spelling of an address', () => {
  expect(new Set(['2001:db8:0:a::1', '2001:0db8:0000:000a::2', '2001:db8:0:A:0:0:0:3'].map(addressBucket)).size).toBe(
    1,
  );
});
