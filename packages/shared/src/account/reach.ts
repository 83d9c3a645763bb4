// What the stores of this room share with all lists.
export { accountOf, instantOf, instantQuery, whereAll } from '../listing';
