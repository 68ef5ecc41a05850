import type { Layer3 } from '../../pkg/attach/layer3.ts';
import { readDns } from '../../pkg/types/parse-result.ts';
import type { Result } from '../../pkg/types/result.ts';
import type { HostDevice } from './find.ts';
import type { AddCall } from './surroundings.ts';

/** What the runtime is told of an attachment. */
export function resultOf(call: AddCall, host: HostDevice | undefined, layer3: Layer3 | undefined): Result {
  const mac = host === undefined ? {} : { mac: host.link.address };
  const interfaces = [{ name: call.ifName, ...mac, sandbox: call.netns }];
  if (layer3 === undefined) return { interfaces };
  const dns = readDns(call.conf.dns ?? {}, 'dns');
  return { interfaces, ips: [...layer3.ips], routes: [...layer3.routes], ...(dns === undefined ? {} : { dns }) };
}
