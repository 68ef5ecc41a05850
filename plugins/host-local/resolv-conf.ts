import { readExistingFile } from '../../pkg/sys/files/files.ts';
import type { Dns } from '../../pkg/types/result.ts';

/** Reads the resolver settings of a resolv.conf file. */
export function readResolvConf(path: string): Dns {
  return parseResolvConf(readExistingFile(path));
}

/** The settings in a resolv.conf text; lines that are not understood are passed over. */
export function parseResolvConf(text: string): Dns {
  const nameservers: string[] = [];
  const search: string[] = [];
  const options: string[] = [];
  let domain = '';
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    if (trimmed.startsWith('#') || trimmed.startsWith(';')) continue;
    const [key, first, ...more] = trimmed.split(/\s+/);
    if (first === undefined) continue;
    if (key === 'nameserver') nameservers.push(first);
    else if (key === 'domain') domain = first;
    else if (key === 'search') search.push(first, ...more);
    else if (key === 'options') options.push(first, ...more);
  }
  return { nameservers, domain, search, options };
}
