import { formatPrefix, overlaps, type Prefix, parsePrefix } from '../../../pkg/addr/prefix.ts';
import { runProcess } from '../../../pkg/sys/process/process.ts';
import type { Check, Diagnosis } from '../check.ts';

/** Whether the containers' addresses are somebody else's too. */
export const overlap: Check = {
  name: 'overlap',
  async run({ networks }) {
    const routes = [...(await routesOf('-4')), ...(await routesOf('-6'))];
    const found: Diagnosis[] = [];
    for (const { bridge, sets, name } of networks) {
      for (const { subnet } of sets.flat()) {
        for (const { text, prefix, dev } of routes) {
          // A wider route leads to a network that this one may be a part of, as those of flannel do.
          if (dev === bridge || !overlaps(prefix, subnet) || prefix.length < subnet.length) continue;
          found.push({
            severity: 'warning',
            found: `${formatPrefix(subnet)} of the network ${name} overlaps with ${text}, which is reached by ${dev}`,
            means: `packets for the containers leave by ${dev}, or those for ${text} go to the containers`,
            mend: `give the network another subnet, or remove the route: ip route del ${text} dev ${dev}`,
          });
        }
      }
    }
    return found;
  },
};

interface Route {
  readonly text: string;
  readonly prefix: Prefix;
  readonly dev: string;
}

async function routesOf(family: '-4' | '-6'): Promise<readonly Route[]> {
  const { stdout } = await runProcess({ argv: ['ip', '-j', family, 'route', 'show', 'table', 'main'] });
  const shown = JSON.parse(stdout === '' ? '[]' : stdout) as readonly { readonly dst: string; readonly dev?: string }[];
  return shown.flatMap(({ dst, dev }) => {
    const text = dst.includes('/') ? dst : `${dst}/${dst.includes(':') ? 128 : 32}`;
    const prefix = parsePrefix(text);
    return prefix === undefined || dev === undefined ? [] : [{ text, prefix, dev }];
  });
}
