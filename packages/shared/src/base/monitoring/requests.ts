// What a process counts of the requests that it answers: how many, how they ended, and how long they took.
import type { Product } from '../../ground/contract';
import { counter, timer } from './meters';

export interface Answered {
  readonly product: Product | null;
  /** The OpenAPI operation; empty: none, such as an unknown path. */
  readonly operation: string;
  readonly status: number;
  /** The error code of the contract; empty: none. */
  readonly code: string;
  readonly seconds: number;
}

/** `process`: `gateway` or `service`. */
export function requestMeter(process: 'gateway' | 'service'): (answered: Answered) => void {
  const requests = counter(`lumi_${process}_requests_total`, 'Requests that were answered. Status 499: broken off.', [
    'product',
    'operation',
    'status',
    'code',
  ]);
  const times = timer(`lumi_${process}_request_seconds`, 'How long the answers took, by the class of their status.', [
    'product',
    'operation',
    'class',
  ]);
  return ({ product, operation: id, status, code, seconds }) => {
    const operation = id === '' ? 'none' : id;
    const labels = { product: product ?? 'none', operation, status: String(status), code: code === '' ? 'none' : code };
    requests.of(labels).add();
    times
      .of({ product: labels.product, operation, class: CLASSES[Math.floor(status / 100)] ?? 'other' })
      .seconds(seconds);
  };
}

const CLASSES = ['other', '1xx', '2xx', '3xx', '4xx', '5xx'];
