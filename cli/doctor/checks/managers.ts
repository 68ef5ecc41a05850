import { fs } from '../../../pkg/sys/files/files.ts';
import type { Check, Diagnosis } from '../check.ts';
import type { Node } from '../node.ts';

const NETWORKD = ['/etc/systemd/network', '/run/systemd/network'];
const NETWORK_MANAGER = '/etc/NetworkManager';

/** Programs that take links for theirs which are the containers'. */
export const managers: Check = {
  name: 'managers',
  run(node) {
    return [...networkd(node), ...networkManager(node)];
  },
};

/** The names of links that a node of containers has. */
function namesOf({ networks }: Node): readonly string[] {
  return ['veth0123abcd', ...new Set(networks.map(({ bridge }) => bridge))];
}

function networkd(node: Node): readonly Diagnosis[] {
  return NETWORKD.flatMap((folder) => textsIn(folder, /\.(?:network|link)$/)).flatMap(([path, text]) => {
    const patterns = [...text.matchAll(/^\s*(?:Original)?Name\s*=\s*(.+)$/gm)].flatMap(([, list = '']) =>
      list.split(/\s+/),
    );
    const hit = namesOf(node).find((name) => patterns.some((pattern) => matches(name, pattern)));
    if (hit === undefined || /^\s*Unmanaged\s*=\s*(?:yes|true|1)/im.test(text)) return [];
    const isLink = path.endsWith('.link');
    if (isLink && !/^\s*MACAddressPolicy\s*=\s*(?:persistent|random)/m.test(text)) return [];
    const shown = hit.startsWith('veth') ? 'veth*' : hit;
    return [
      {
        severity: 'warning',
        found: `${path} is for links called ${shown}`,
        means: isLink
          ? 'udev changes their MAC addresses after they were made'
          : 'systemd-networkd takes them for its own: it removes their addresses and takes them out of the bridge',
        mend: `exclude them in the file: Name=!veth* !${hit.startsWith('veth') ? 'cni0' : hit}`,
      } satisfies Diagnosis,
    ];
  });
}

function networkManager(node: Node): readonly Diagnosis[] {
  if (!fs().existsSync(NETWORK_MANAGER)) return [];
  const texts = [
    NETWORK_MANAGER,
    `${NETWORK_MANAGER}/conf.d`,
    '/run/NetworkManager/conf.d',
    '/usr/lib/NetworkManager/conf.d',
  ]
    .flatMap((folder) => textsIn(folder, /\.conf$/))
    .map(([, text]) => text);
  const unmanaged = texts.flatMap((text) =>
    [...text.matchAll(/^\s*unmanaged-devices\s*\+?=\s*(.+)$/gm)].map(([, list]) => list),
  );
  const patterns = unmanaged
    .flatMap((list = '') => list.split(/[;,]/))
    .map((one) => one.replace(/^interface-name:=?/, ''));
  // It leaves veth alone by itself.
  const taken = namesOf(node)
    .slice(1)
    .filter((name) => !patterns.some((pattern) => matches(name, pattern.trim())));
  if (taken.length === 0) return [];
  return [
    {
      severity: 'note',
      found: `NetworkManager is configured on this node, and not told to leave ${taken.join(', ')} alone`,
      means: 'it may take the addresses of the bridge away, or show it as a connection of its own',
      mend:
        `write into ${NETWORK_MANAGER}/conf.d/cni.conf, then nmcli general reload: ` +
        `[keyfile] unmanaged-devices=interface-name:veth*;${taken.map((name) => `interface-name:${name}`).join(';')}`,
    },
  ];
}

function textsIn(folder: string, extension: RegExp): readonly (readonly [path: string, text: string])[] {
  if (!fs().existsSync(folder)) return [];
  const entries = fs().readdirSync(folder, { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && extension.test(entry.name));
  return files.map(({ name }) => [`${folder}/${name}`, fs().readFileSync(`${folder}/${name}`, 'utf8')] as const);
}

/** As shells match; one that begins with "!" matches nothing here. */
function matches(name: string, pattern: string): boolean {
  if (pattern === '' || pattern.startsWith('!')) return false;
  const expression = pattern
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${expression}$`).test(name);
}
