import { counter, gauge, registry, timer } from './meters';
import { requestMeter } from './requests';

const shown = (name: string) => registry.getSingleMetricAsString(name);

describe('a counter', () => {
  it('shows the sum of each set of labels', async () => {
    const doors = counter('test_doors_total', 'Doors.', ['house', 'floor']);
    doors.of({ house: 'a', floor: '1' }).add();
    doors.of({ floor: '1', house: 'a' }).add(2);
    doors.of({ house: 'b', floor: '1' }).add();
    expect(await shown('test_doors_total')).toBe(
      '# HELP test_doors_total Doors.\n# TYPE test_doors_total counter\n' +
        'test_doors_total{house="a",floor="1"} 3\ntest_doors_total{house="b",floor="1"} 1',
    );
    doors.of({ house: 'b', floor: '1' }).add();
    expect(await shown('test_doors_total')).toContain('{house="b",floor="1"} 2');
  });

  it('counts as `other` what comes after 5,000 sets of labels', async () => {
    const many = counter('test_many_total', 'Many.', ['name']);
    for (let i = 0; i < 5_010; i += 1) many.of({ name: String(i) }).add();
    many.of({ name: '7' }).add();
    const text = await shown('test_many_total');
    expect(text).toContain('test_many_total{name="other"} 10');
    expect(text).toContain('test_many_total{name="7"} 2');
    expect(text.split('\n')).toHaveLength(5_003);
  });

  it('escapes the values of labels', async () => {
    counter('test_odd_total', 'Odd.', ['name']).of({ name: 'a"b\\c' }).add();
    expect(await shown('test_odd_total')).toContain('{name="a\\"b\\\\c"} 1');
  });
});

describe('a timer', () => {
  it('is a histogram: each bucket counts all that took no longer', async () => {
    const waits = timer('test_wait_seconds', 'Waits.', ['at']);
    for (const seconds of [0.001, 0.0025, 0.03, 7, 99]) waits.of({ at: 'door' }).seconds(seconds);
    const text = await shown('test_wait_seconds');
    expect(text).toContain('# TYPE test_wait_seconds histogram');
    const bucket = (le: string) =>
      new RegExp(`test_wait_seconds_bucket\\{at="door",le="${le}"\\} (\\d+)`).exec(text)?.[1];
    expect(['0.0025', '0.025', '0.05', '5', '10', '30', '\\+Inf'].map(bucket)).toEqual([
      '2',
      '2',
      '3',
      '3',
      '4',
      '4',
      '5',
    ]);
    expect(text).toContain('test_wait_seconds_count{at="door"} 5');
    expect(text).toMatch(/test_wait_seconds_sum\{at="door"\} 106\.03/);
  });
});

describe('a gauge', () => {
  it('shows what its sources read, until they end', async () => {
    const doors = gauge('test_open', 'Open.', ['house']);
    const end = doors.watch(() => [[{ house: 'a' }, 1]]);
    doors.watch(() => Promise.resolve([[{ house: 'b' }, 2]]));
    expect(await shown('test_open')).toContain('test_open{house="a"} 1\ntest_open{house="b"} 2');
    end();
    expect(await shown('test_open')).not.toContain('house="a"');
  });

  it('leaves out a reading that fails, counts it, and shows all else', async () => {
    const doors = gauge('test_failing', 'Failing.', ['house']);
    doors.watch(() => Promise.reject(new Error('away')));
    doors.watch(() => [[{ house: 'b' }, 2]]);
    const text = await registry.metrics();
    expect(text).toContain('test_failing{house="b"} 2');
    expect(await shown('lumi_monitoring_failures_total')).toContain('{metric="test_failing"} 1');
  });

  it('leaves out a reading that takes too long: a scrape has an end while a dependency hangs', async () => {
    const doors = gauge('test_hanging', 'Hanging.', ['house']);
    const end = doors.watch(() => new Promise(() => undefined));
    doors.watch(() => [[{ house: 'b' }, 2]]);
    jest.useFakeTimers();
    try {
      const text = registry.metrics();
      await jest.advanceTimersByTimeAsync(4_000);
      expect(await text).toContain('test_hanging{house="b"} 2');
    } finally {
      jest.useRealTimers();
      end();
    }
    expect(await shown('lumi_monitoring_failures_total')).toContain('{metric="test_hanging"} 1');
  });

  it('without labels shows nothing while nobody reads it', async () => {
    const one = gauge('test_alone', 'Alone.', []);
    expect(await shown('test_alone')).not.toMatch(/^test_alone /m);
    one.watch(() => [[{}, 4]]);
    expect(await shown('test_alone')).toMatch(/^test_alone 4$/m);
  });
});

it('requests are counted by product, operation, status and code, and timed by the class of their status', async () => {
  const note = requestMeter('service');
  note({ product: 'vps', operation: 'get-server', status: 404, code: 'not_found', seconds: 0.01 });
  note({ product: null, operation: '', status: 200, code: '', seconds: 0.01 });
  expect(await shown('lumi_service_requests_total')).toContain(
    '{product="vps",operation="get-server",status="404",code="not_found"} 1\n' +
      'lumi_service_requests_total{product="none",operation="none",status="200",code="none"} 1',
  );
  expect(await shown('lumi_service_request_seconds')).toContain(
    '_count{product="vps",operation="get-server",class="4xx"} 1',
  );
});
