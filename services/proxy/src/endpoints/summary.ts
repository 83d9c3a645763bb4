// GET /proxies/summary: the counts of the product.
import type { Summary } from '@lumi/shared/forecast';
import { summaryRows } from '../store/proxies';

export const proxiesSummary: Summary = {
  things: 'proxies',
  tag: 'Proxies',
  groups: ['state', 'type', 'country', 'health'],
  rows: summaryRows,
};
