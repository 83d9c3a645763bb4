// Fixture of the tests of the account routes: the routes, and a test product that fills the account.
import request from 'supertest';
import { newId } from '../../../ground/contract';
import { shopEndpoints, testService, type TestAccount, type TestService } from '../../../testing';
import { accountEndpoints } from '..';

export interface AccountFixture {
  readonly api: TestService;
  readonly get: (path: string, who: Parameters<TestService['as']>[0]) => request.Test;
  readonly buy: (account: TestAccount, body: object, key?: string) => request.Test;
  readonly randomId: (prefix: 'ord' | 'trf' | 'op') => string;
}

/** Call it at the top of a test file. */
export function accountFixture(): AccountFixture {
  const api = testService({
    endpoints: (service) => [
      ...accountEndpoints(service, {
        suppliers: [{ name: 'gadgets', isSandbox: true }],
        paymentProviders: [{ name: 'cryptobot', isSandbox: false }],
      }),
      ...shopEndpoints(service),
    ],
  });
  return {
    api,
    get: (path, who) => request(api.app).get(path).set(api.as(who)),
    buy: (account, body, key) => request(api.app).post('/gadgets').set(api.asMoney(account, key)).send(body),
    randomId: (prefix) => newId(prefix, api.service.clock.nowMs()),
  };
}

/** The error without its request id, to compare two errors. */
export function bytesOf(answer: request.Response): string {
  return JSON.stringify({ ...answer.body.error, request_id: null });
}
