import type { Place } from './harness/place.ts';

/** Settings of a link that plugins write. */
const SETTINGS = ['ipv4/conf/IF/arp_notify', 'ipv6/conf/IF/disable_ipv6', 'ipv6/conf/IF/keep_addr_on_down'];

/** What differs between two moments or two namespaces without meaning anything. */
const VOLATILE =
  /^(?:ifindex|link|link_index|link_netnsid|operstate|state|tentative|nodad|.*life_time|parentdev|.*timer|.*_id|bridge_id|gso.*|tso.*|gro.*)$/;

/**
 * Links, addresses, routes and the settings of one link, one line per thing: what a main plugin without a firewall can
 * change. Cheap, because one shell asks for all of it. What the kernel makes by itself in its own time is left out, and
 * so is `nodad`, by which this suite adds its IPv6 addresses on purpose.
 */
export async function linkState(place: Place, settingsOf?: string): Promise<readonly string[]> {
  const { exitCode, stdout, stderr } = await place.run(['sh', '-ec', linkStateScript(settingsOf)]);
  if (exitCode !== 0) throw new Error(`${place.name}: ${stderr}`);
  return readLinkState(stdout);
}

/** What a shell prints for {@link readLinkState}; `ip` may be `ip -n NAME`, which knows nothing of settings. */
export function linkStateScript(settingsOf?: string, ip = 'ip'): string {
  const paths = settingsOf === undefined ? [] : SETTINGS.map((path) => path.replace('IF', settingsOf));
  return [
    `${ip} -j -d addr show`,
    `echo; ${ip} -j -4 route show table all`,
    `echo; ${ip} -j -6 route show table all`,
    ...(paths.length === 0 ? [] : [`echo; cd /proc/sys/net; grep -s . /dev/null ${paths.join(' ')} || true`]),
  ].join('\n');
}

/** The lines of {@link linkState} in what the script has printed. */
export function readLinkState(stdout: string): readonly string[] {
  const [links = '[]', v4 = '[]', v6 = '[]', ...settings] = stdout.split('\n').filter((line) => line !== '');
  return [
    ...(JSON.parse(links, steady) as readonly LinkLine[]).flatMap(linkLines),
    ...(JSON.parse(v4, steady) as readonly RouteLine[]).map((route) => `route ${JSON.stringify(route)}`),
    ...(JSON.parse(v6, steady) as readonly RouteLine[])
      .filter(isGiven)
      .map((route) => `route ${JSON.stringify(route)}`),
    ...settings,
  ].sort();
}

interface LinkLine {
  readonly ifname: string;
  readonly addr_info?: readonly { readonly local?: string; readonly scope?: string; readonly family?: string }[];
}

interface RouteLine {
  readonly type?: string;
  readonly dst?: string;
}

function steady(key: string, value: unknown): unknown {
  // Whether the other end is up is noticed a moment later.
  if (key === 'flags' && Array.isArray(value))
    return value.filter((flag) => !['NO-CARRIER', 'LOWER_UP', 'M-DOWN', 'linkdown'].includes(flag));
  return VOLATILE.test(key) ? undefined : value;
}

function linkLines({ addr_info: addresses = [], ...link }: LinkLine): readonly string[] {
  const given = addresses.filter(({ family, scope }) => family !== 'inet6' || scope !== 'link');
  return [
    `link ${JSON.stringify(link)}`,
    ...given.map((address) => `address ${link.ifname} ${JSON.stringify(address)}`),
  ];
}

function isGiven({ type, dst = '' }: RouteLine): boolean {
  return !['local', 'anycast', 'multicast'].includes(type ?? '') && !dst.startsWith('fe80:');
}
