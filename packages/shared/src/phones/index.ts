export { phoneField } from './phone';
