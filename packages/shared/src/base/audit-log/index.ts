export { autoRenewAct, noteActs, noteSql, noted, type Act, type Actor } from './note';
export { actorOf, type Asking } from './actor';
