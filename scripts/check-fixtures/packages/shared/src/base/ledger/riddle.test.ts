// must fail: wording: is told
// must fail: wording: anybody
it('takes money from anybody who asks', () => {
  expect(true).toBe(true); // the payer is told
});
