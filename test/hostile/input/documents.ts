import type { Random } from './random.ts';
import { copied, hostileText, hostileValue } from './values.ts';

type Json = Record<string, unknown>;

/** A part of a JSON Schema. */
export interface Schema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly definitions?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

/** What stands under keys when nobody means harm. */
const GOOD: Readonly<Record<string, readonly [unknown, ...unknown[]]>> = {
  cniVersion: ['1.0.0', '1.1.0', '0.4.0', '0.3.1', '0.2.0'],
  name: ['net'],
  bridge: ['cni0', 'br7'],
  master: ['lan0'],
  device: ['spare0', 'eth0'],
  hwaddr: ['02:00:00:00:00:20'],
  mac: ['02:00:5e:10:00:01'],
  mode: ['bridge', 'l2', 'private'],
  subnet: ['10.1.0.0/24', 'fd00:1::/64'],
  rangeStart: ['10.1.0.10'],
  rangeEnd: ['10.1.0.250'],
  gateway: ['10.1.0.1'],
  gw: ['10.1.0.1'],
  dst: ['0.0.0.0/0', '10.9.0.0/16', '::/0'],
  address: ['10.1.0.5/24', 'fd00:1::5/64'],
  ipMasqBackend: ['iptables', 'nftables'],
  backend: ['iptables', 'nftables', ''],
  ingressPolicy: ['same-bridge', 'isolated', 'open'],
  dataDir: ['/var/lib/cni/networks', '/run/cni/tuning', '/var/lib/cni/flannel'],
  subnetFile: ['/run/flannel/subnet.env'],
  resolvConf: ['/run/flannel/subnet.env'],
  daemonSocketPath: ['/run/cni/none.sock'],
  iptablesAdminChainName: ['MY-ADMIN'],
  firewalldZone: ['trusted'],
  vrfname: ['blue'],
  conditionsV4: [['-d', '10.0.0.0/8']],
  conditionsV6: [['-d', 'fd00::/8']],
  sysctl: [{ 'net.ipv4.conf.IFNAME.arp_notify': '1', 'net.core.somaxconn': '500' }],
  subnetFileWaitMs: [0],
};

/** What a runtime adds to a configuration. */
const RUNTIME: Json = {
  portMappings: [
    { hostPort: 8080, containerPort: 80, protocol: 'tcp' },
    { hostPort: 5353, containerPort: 53, protocol: 'udp', hostIP: '10.0.0.1' },
  ],
  bandwidth: { ingressRate: 8000, ingressBurst: 8000, egressRate: 8000, egressBurst: 8000 },
  mac: '02:00:5e:10:00:07',
  ips: ['10.1.0.7/24'],
  ipRanges: [[{ subnet: '10.1.0.0/24' }]],
  dns: { servers: ['10.1.0.1'], searches: ['test'] },
  aliases: { net: ['web'] },
};

const RESULT: Json = {
  cniVersion: '1.0.0',
  interfaces: [
    { name: 'cni0', mac: '02:00:00:00:00:01' },
    { name: 'veth1', mac: '02:00:00:00:00:02' },
    { name: 'eth0', mac: '02:00:00:00:00:03', sandbox: '/run/netns/pod' },
  ],
  ips: [
    { address: '10.1.0.2/24', gateway: '10.1.0.1', interface: 2 },
    { address: 'fd00:1::2/64', interface: 2 },
  ],
  routes: [{ dst: '0.0.0.0/0', gw: '10.1.0.1', mtu: 1400 }],
  dns: { nameservers: ['10.1.0.1'], search: ['test'] },
};

/** A document as a plugin's schema has it. */
export function validDocument(random: Random, plugin: string, schema: Schema): Json {
  const document = objectOf(random, schema, schema.definitions ?? {}, 0.45);
  return {
    ...document,
    cniVersion: random.pick(['1.0.0', '1.0.0', '1.1.0', '0.4.0', '0.3.1']),
    name: 'net',
    type: plugin,
    ...(random.chance(0.7) ? { prevResult: copied(RESULT) } : {}),
    ...(random.chance(0.5) ? { runtimeConfig: copied(RUNTIME) } : {}),
    ...(random.chance(0.1) ? { 'cni.dev/valid-attachments': [{ containerID: 'c1', ifname: 'eth0' }] } : {}),
    ...(plugin === 'flannel' ? { subnetFileWaitMs: 0 } : {}),
  };
}

function objectOf(random: Random, schema: Schema, definitions: Readonly<Record<string, Schema>>, share: number): Json {
  const object: Json = {};
  for (const [key, inner] of Object.entries(schema.properties ?? {})) {
    if (!random.chance(share) || key === '$schema') continue;
    if (key === 'ipam') object[key] = ipam(random, definitions);
    else object[key] = generated(random, key, inner, definitions);
  }
  return object;
}

function ipam(random: Random, definitions: Readonly<Record<string, Schema>>): Json {
  const type = random.pick(['host-local', 'host-local', 'static', 'dhcp']);
  const chosen = objectOf(random, definitions[type] ?? {}, definitions, 0.4);
  const base = type === 'host-local' ? { subnet: '10.1.0.0/24' } : {};
  return { ...base, ...chosen, type };
}

function generated(
  random: Random,
  key: string,
  schema: Schema,
  definitions: Readonly<Record<string, Schema>>,
): unknown {
  const good = GOOD[key];
  if (good !== undefined) return copied(random.pick(good));
  const [either] = schema.anyOf ?? schema.oneOf ?? [];
  if (either !== undefined) return generated(random, key, either, definitions);
  if (schema.enum !== undefined) return schema.enum[random.below(schema.enum.length)];
  switch (schema.type) {
    case 'boolean':
      return random.chance(0.5);
    case 'integer':
    case 'number':
      return random.pick([0, 1, 100, 1400, 4094]);
    case 'array': {
      const items = schema.items ?? {};
      return Array.from({ length: 1 + random.below(2) }, () => generated(random, key, items, definitions));
    }
    case 'object':
      return objectOf(random, schema, definitions, 0.7);
    default:
      return random.pick(['10.1.0.1', 'eth0', 'x', 'tcp']);
  }
}

/** Puts something hostile into one to three places of a document. */
export function mutate(random: Random, document: Json): void {
  for (let left = 1 + random.below(3); left > 0; left--) {
    const places = placesIn(document);
    const place = places[random.below(places.length)];
    if (place === undefined || place.key === 'subnetFileWaitMs') continue;
    const { holder, key } = place;
    const kind = random.below(10);
    if (kind < 7) holder[key] = hostileValue(random);
    else if (kind === 7) delete holder[key];
    else if (kind === 8) {
      // As a key of its own, the way a parser makes it, not as the object's ancestor.
      const name = random.pick(['__proto__', 'constructor', 'prototype', key.toUpperCase(), hostileText(random)]);
      Object.defineProperty(holder, name, {
        value: random.chance(0.5) ? { polluted: true } : holder[key],
        enumerable: true,
        configurable: true,
        writable: true,
      });
    } else holder[key] = [holder[key], holder[key]];
  }
}

/** A document as text, now and then damaged as only a text can be: a key twice, cut off, megabytes. */
export function textOf(random: Random, document: Json): string {
  const text = JSON.stringify(document) ?? '';
  const kind = random.below(400);
  if (kind < 20) {
    const keys = Object.keys(document);
    const key = keys[random.below(keys.length)] ?? 'name';
    return `{${JSON.stringify(key)}:${JSON.stringify(hostileValue(random)) ?? 'null'},${text.slice(1)}`;
  }
  if (kind < 30) return text.slice(0, random.below(text.length + 1));
  if (kind < 40) {
    const at = random.below(text.length);
    return text.slice(0, at) + hostileText(random) + text.slice(at + random.below(6));
  }
  if (kind === 40) return `{"x":"${'y'.repeat(1024 * 1024)}",${text.slice(1)}`;
  if (kind === 41) return `{"x":[${'{},'.repeat(9_000)}1],${text.slice(1)}`;
  if (kind === 42) return '['.repeat(1 + random.below(5000));
  return text;
}

interface Slot {
  readonly holder: Record<string, unknown>;
  readonly key: string;
}

function placesIn(value: unknown, found: Slot[] = []): Slot[] {
  if (typeof value !== 'object' || value === null) return found;
  const holder = value as Record<string, unknown>;
  for (const key of Object.keys(holder)) {
    found.push({ holder, key });
    if (found.length < 500) placesIn(holder[key], found);
  }
  return found;
}
