import { PROXY } from '../contract/recipes-proxy';
import { sweepOf } from './sweep-of';

jest.setTimeout(120_000);
describe('wrong values sent to proxy', () => sweepOf('proxy', PROXY));
