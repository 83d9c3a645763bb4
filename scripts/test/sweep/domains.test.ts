import { DOMAINS } from '../contract/recipes-domains';
import { sweepOf } from './sweep-of';

jest.setTimeout(120_000);
describe('wrong values sent to domains', () => sweepOf('domains', DOMAINS));
