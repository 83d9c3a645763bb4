// must fail: store-and-supplier-at-the-bottom
import { register } from '../purchases/register';

export const query = register;
