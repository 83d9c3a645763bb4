// What the stores of this room share with all lists.
export { accountOf, instantOf, whereAll } from '../listing';
