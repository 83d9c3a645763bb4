// Shared by the stores of this room and by all lists.
export { accountOf, instantOf, whereAll } from '../listing';
