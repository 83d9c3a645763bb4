import { registry } from './meters';
import { countedSupplier } from './suppliers';

class Supplier {
  readonly name = 'here';
  private asked = 0;

  async order(kind: string): Promise<{ kind: string; asked: number }> {
    if (kind === 'broken') throw new Error('away');
    await this.note();
    return { kind, asked: this.asked };
  }

  private note(): Promise<void> {
    this.asked += 1;
    return Promise.resolve();
  }
}

const counts = async (): Promise<string[]> =>
  (await registry.getSingleMetricAsString('lumi_supplier_calls_total'))
    .split('\n')
    .filter((line) => line.includes('supplier="tested"'))
    .map((line) => /call="(.*)",outcome="(.*)"\} (\d+)/.exec(line)?.slice(1).join(' ') ?? line);

it('calls from outside are counted by their outcome; all else is the supplier as it is', async () => {
  const supplier = countedSupplier('vps', 'tested', new Supplier());
  expect(supplier).toBeInstanceOf(Supplier);
  expect(supplier.name).toBe('here');
  expect(await supplier.order('done')).toEqual({ kind: 'done', asked: 1 });
  expect(await supplier.order('refused')).toEqual({ kind: 'refused', asked: 2 });
  await expect(supplier.order('broken')).rejects.toThrow('away');
  expect(await counts()).toEqual(['order ok 1', 'order refused 1', 'order unavailable 1']);
});

it('a call that a test replaces is the replacement, until it is restored', async () => {
  const supplier = countedSupplier('vps', 'tested', new Supplier());
  const spy = jest.spyOn(supplier, 'order').mockResolvedValueOnce({ kind: 'mine', asked: 0 });
  expect(await supplier.order('done')).toEqual({ kind: 'mine', asked: 0 });
  spy.mockRestore();
  expect(await supplier.order('done')).toEqual({ kind: 'done', asked: 1 });
});
