// Fixture of the tests of the account routes: the routes, and a test product that fills the account.
import request from 'supertest';
import { newId } from '../../../ground/contract';
import { shopEndpoints, testService, type TestAccount, type TestService } from '../../../testing';
import { accountEndpoints } from '..';
import { ownerOf } from './owner-client';

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
  const owner = ownerOf(api.database);
  // Its feed is empty: the events of its key and of its money are gone, so that a test sees only what it does itself.
  const account: TestService['account'] = async (options) => {
    const made = await api.account(options);
    await owner().query('DELETE FROM platform.event WHERE account_id = $1', [made.accountId]);
    return made;
  };
  return {
    api: { ...api, account },
    get: (path, who) => request(api.app).get(path).set(api.as(who)),
    buy: (account, body, key) => request(api.app).post('/gadgets').set(api.asMoney(account, key)).send(body),
    randomId: (prefix) => newId(prefix, api.service.clock.nowMs()),
  };
}

/** The error without its request id, to compare two errors. */
export function bytesOf(answer: request.Response): string {
  return JSON.stringify({ ...answer.body.error, request_id: null });
}
