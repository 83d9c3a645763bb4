// The settings of the hosting processes, read once. Nobody else in these processes reads the environment.
import { readConfig } from '@lumi/shared/runtime';
import { serviceConfig } from '@lumi/shared/service';

export const vpsSettings = serviceConfig;

export type VpsConfig = ReturnType<typeof readVpsConfig>;

export function readVpsConfig() {
  return readConfig(vpsSettings, process.env);
}
