// The settings of the proxy service and its worker; nobody else reads the environment.
import { readConfig } from '@lumi/shared/runtime';
import { serviceConfig, type ServiceConfig } from '@lumi/shared/service';

export function loadConfig(): ServiceConfig {
  return readConfig(serviceConfig, process.env);
}
