import { usd } from '../src/usd';

describe('usd', () => {
  it('adds, subtracts and multiplies without an error of a float', () => {
    expect(usd.add('0.1', '0.2')).toBe('0.30');
    expect(usd.add('5', '-5.00')).toBe('0.00');
    expect(usd.add()).toBe('0.00');
    expect(usd.add('99999999999999999999.9999', '0.0001')).toBe('100000000000000000000.00');
    expect(usd.sub('1.00', '1.085')).toBe('-0.085');
    expect(usd.mul('0.085', 3)).toBe('0.255');
    expect(usd.mul('-1.10', 100n)).toBe('-110.00');
    expect(usd.mul('0.0001', '0.5')).toBe('0.00005');
  });

  it('compares by value', () => {
    expect([usd.cmp('1', '1.0000'), usd.cmp('0.9', '0.10'), usd.cmp('-2', '1')]).toEqual([0, 1, -1]);
  });

  it.each(['1e3', '0x5', '', '.5', '5.', ' 5', '5_0', 'Infinity', '+1', '1,5'])('refuses %j as an amount', (text) => {
    expect(() => usd.add(text, '1')).toThrow(TypeError);
  });

  it('refuses numbers as amounts, and fractions as numbers', () => {
    expect(() => usd.add(5.15 as unknown as string)).toThrow(TypeError);
    expect(() => usd.mul('1', 0.5)).toThrow(TypeError);
    expect(() => usd.mul('1', 2 ** 53)).toThrow(TypeError);
  });
});
