import type { Method } from './context';

export const getMe: Method = () => ({
  app_id: 1,
  name: 'Lumi test application',
  payment_processing_bot_username: 'CryptoPayDouble',
});
