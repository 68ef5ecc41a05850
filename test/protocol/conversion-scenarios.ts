import type { ResultFamily } from '../../pkg/types/version.ts';

/** A document of one family of versions, and what it reads in each family; a text is the error's message. */
export interface Conversion {
  readonly document: object;
  readonly pair: object | string;
  readonly numbered: object;
  readonly current: object;
}

/** The same attachment in the documents of every family; all literal, `cniVersion` is put in front by the test. */
export interface Scenario {
  readonly name: string;
  readonly from: Partial<Readonly<Record<ResultFamily, Conversion>>>;
}

const NO_ADDRESS = 'cannot convert: no valid IP addresses';

/** Key order matters: texts are compared. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'dual stack',
    from: {
      pair: {
        document: {
          ip4: { ip: '10.99.0.8/16', gateway: '10.99.0.1', routes: [{ dst: '0.0.0.0/0' }] },
          ip6: { ip: 'fd00:99::8/64', gateway: 'fd00:99::1', routes: [{ dst: '::/0', gw: 'fd00:99::2' }] },
          dns: {},
        },
        pair: {
          ip4: { ip: '10.99.0.8/16', gateway: '10.99.0.1', routes: [{ dst: '0.0.0.0/0' }] },
          ip6: { ip: 'fd00:99::8/64', gateway: 'fd00:99::1', routes: [{ dst: '::/0', gw: 'fd00:99::2' }] },
          dns: {},
        },
        numbered: {
          ips: [
            { version: '4', address: '10.99.0.8/16', gateway: '10.99.0.1' },
            { version: '6', address: 'fd00:99::8/64', gateway: 'fd00:99::1' },
          ],
          routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0', gw: 'fd00:99::2' }],
          dns: {},
        },
        current: {
          ips: [
            { address: '10.99.0.8/16', gateway: '10.99.0.1' },
            { address: 'fd00:99::8/64', gateway: 'fd00:99::1' },
          ],
          routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0', gw: 'fd00:99::2' }],
        },
      },
      numbered: {
        document: {
          interfaces: [{ name: 'veth0' }, { name: 'eth0', mac: '0a:b6:12:37:3f:e9', sandbox: '/run/netns/c1' }],
          ips: [
            { version: '6', interface: 1, address: 'fd00:99::8/64', gateway: 'fd00:99::1' },
            { version: '4', interface: 0, address: '10.99.0.8/16', gateway: '10.99.0.1' },
          ],
          routes: [{ dst: '::/0', gw: 'fd00:99::2' }, { dst: '0.0.0.0/0' }],
          dns: {},
        },
        pair: {
          ip4: { ip: '10.99.0.8/16', gateway: '10.99.0.1', routes: [{ dst: '0.0.0.0/0' }] },
          ip6: { ip: 'fd00:99::8/64', gateway: 'fd00:99::1', routes: [{ dst: '::/0', gw: 'fd00:99::2' }] },
          dns: {},
        },
        numbered: {
          interfaces: [{ name: 'veth0' }, { name: 'eth0', mac: '0a:b6:12:37:3f:e9', sandbox: '/run/netns/c1' }],
          ips: [
            { version: '6', interface: 1, address: 'fd00:99::8/64', gateway: 'fd00:99::1' },
            { version: '4', interface: 0, address: '10.99.0.8/16', gateway: '10.99.0.1' },
          ],
          routes: [{ dst: '::/0', gw: 'fd00:99::2' }, { dst: '0.0.0.0/0' }],
          dns: {},
        },
        current: {
          interfaces: [{ name: 'veth0' }, { mac: '0a:b6:12:37:3f:e9', name: 'eth0', sandbox: '/run/netns/c1' }],
          ips: [
            { address: 'fd00:99::8/64', gateway: 'fd00:99::1', interface: 1 },
            { address: '10.99.0.8/16', gateway: '10.99.0.1', interface: 0 },
          ],
          routes: [{ dst: '::/0', gw: 'fd00:99::2' }, { dst: '0.0.0.0/0' }],
        },
      },
      current: {
        document: {
          interfaces: [{ name: 'eth0', mac: '0a:b6:12:37:3f:e9', sandbox: '/run/netns/c1' }],
          ips: [
            { address: '10.99.0.8/16', gateway: '10.99.0.1', interface: 0 },
            { address: 'fd00:99::8/64', gateway: 'fd00:99::1', interface: 0 },
          ],
          routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0', gw: 'fd00:99::2' }],
        },
        pair: {
          ip4: { ip: '10.99.0.8/16', gateway: '10.99.0.1', routes: [{ dst: '0.0.0.0/0' }] },
          ip6: { ip: 'fd00:99::8/64', gateway: 'fd00:99::1', routes: [{ dst: '::/0', gw: 'fd00:99::2' }] },
          dns: {},
        },
        numbered: {
          interfaces: [{ name: 'eth0', mac: '0a:b6:12:37:3f:e9', sandbox: '/run/netns/c1' }],
          ips: [
            { version: '4', interface: 0, address: '10.99.0.8/16', gateway: '10.99.0.1' },
            { version: '6', interface: 0, address: 'fd00:99::8/64', gateway: 'fd00:99::1' },
          ],
          routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0', gw: 'fd00:99::2' }],
          dns: {},
        },
        current: {
          interfaces: [{ mac: '0a:b6:12:37:3f:e9', name: 'eth0', sandbox: '/run/netns/c1' }],
          ips: [
            { address: '10.99.0.8/16', gateway: '10.99.0.1', interface: 0 },
            { address: 'fd00:99::8/64', gateway: 'fd00:99::1', interface: 0 },
          ],
          routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0', gw: 'fd00:99::2' }],
        },
      },
    },
  },
  {
    name: 'IPv4 only, without gateway',
    from: {
      pair: {
        document: { ip4: { ip: '10.1.2.3/24' } },
        pair: { ip4: { ip: '10.1.2.3/24' }, dns: {} },
        numbered: { ips: [{ version: '4', address: '10.1.2.3/24' }], dns: {} },
        current: { ips: [{ address: '10.1.2.3/24' }] },
      },
      numbered: {
        document: { ips: [{ version: '4', address: '10.1.2.3/24' }] },
        pair: { ip4: { ip: '10.1.2.3/24' }, dns: {} },
        numbered: { ips: [{ version: '4', address: '10.1.2.3/24' }], dns: {} },
        current: { ips: [{ address: '10.1.2.3/24' }] },
      },
      current: {
        document: { ips: [{ address: '10.1.2.3/24' }] },
        pair: { ip4: { ip: '10.1.2.3/24' }, dns: {} },
        numbered: { ips: [{ version: '4', address: '10.1.2.3/24' }], dns: {} },
        current: { ips: [{ address: '10.1.2.3/24' }] },
      },
    },
  },
  {
    name: 'IPv6 only, not in canonical text',
    from: {
      pair: {
        document: { ip6: { ip: 'FD00:0::0005/64', gateway: 'FD00::1' }, dns: {} },
        pair: { ip6: { ip: 'fd00::5/64', gateway: 'fd00::1' }, dns: {} },
        numbered: { ips: [{ version: '6', address: 'fd00::5/64', gateway: 'fd00::1' }], dns: {} },
        current: { ips: [{ address: 'fd00::5/64', gateway: 'fd00::1' }] },
      },
      numbered: {
        document: { ips: [{ version: '6', address: 'FD00:0::0005/64', gateway: 'FD00::1' }], dns: {} },
        pair: { ip6: { ip: 'fd00::5/64', gateway: 'fd00::1' }, dns: {} },
        numbered: { ips: [{ version: '6', address: 'fd00::5/64', gateway: 'fd00::1' }], dns: {} },
        current: { ips: [{ address: 'fd00::5/64', gateway: 'fd00::1' }] },
      },
      current: {
        document: { ips: [{ address: 'FD00:0::0005/64', gateway: 'FD00::1' }] },
        pair: { ip6: { ip: 'fd00::5/64', gateway: 'fd00::1' }, dns: {} },
        numbered: { ips: [{ version: '6', address: 'fd00::5/64', gateway: 'fd00::1' }], dns: {} },
        current: { ips: [{ address: 'fd00::5/64', gateway: 'fd00::1' }] },
      },
    },
  },
  {
    name: 'routes with extras, host bits in the destination',
    from: {
      numbered: {
        document: {
          ips: [{ version: '4', address: '10.1.2.3/24' }],
          routes: [
            { dst: '10.0.0.5/8', gw: '10.1.2.1', mtu: 1400, advmss: 1300, priority: 50, table: 0, scope: 253 },
            { dst: '10.9.0.0/16', mtu: 0, table: 300, scope: 0 },
          ],
          dns: {},
        },
        pair: {
          ip4: { ip: '10.1.2.3/24', routes: [{ dst: '10.0.0.5/8', gw: '10.1.2.1' }, { dst: '10.9.0.0/16' }] },
          dns: {},
        },
        numbered: {
          ips: [{ version: '4', address: '10.1.2.3/24' }],
          routes: [
            { dst: '10.0.0.5/8', gw: '10.1.2.1', mtu: 1400, advmss: 1300, priority: 50, table: 0, scope: 253 },
            { dst: '10.9.0.0/16', table: 300, scope: 0 },
          ],
          dns: {},
        },
        current: {
          ips: [{ address: '10.1.2.3/24' }],
          routes: [
            { advmss: 1300, dst: '10.0.0.5/8', gw: '10.1.2.1', mtu: 1400, priority: 50, scope: 253, table: 0 },
            { dst: '10.9.0.0/16', scope: 0, table: 300 },
          ],
        },
      },
      current: {
        document: {
          ips: [{ address: '10.1.2.3/24' }],
          routes: [
            { dst: '10.0.0.5/8', gw: '10.1.2.1', mtu: 1400, advmss: 1300, priority: 50, table: 0, scope: 253 },
            { dst: '10.9.0.0/16', priority: 0, table: 300, scope: 0 },
          ],
        },
        pair: {
          ip4: { ip: '10.1.2.3/24', routes: [{ dst: '10.0.0.5/8', gw: '10.1.2.1' }, { dst: '10.9.0.0/16' }] },
          dns: {},
        },
        numbered: {
          ips: [{ version: '4', address: '10.1.2.3/24' }],
          routes: [
            { dst: '10.0.0.5/8', gw: '10.1.2.1', mtu: 1400, advmss: 1300, priority: 50, table: 0, scope: 253 },
            { dst: '10.9.0.0/16', table: 300, scope: 0 },
          ],
          dns: {},
        },
        current: {
          ips: [{ address: '10.1.2.3/24' }],
          routes: [
            { advmss: 1300, dst: '10.0.0.5/8', gw: '10.1.2.1', mtu: 1400, priority: 50, scope: 253, table: 0 },
            { dst: '10.9.0.0/16', scope: 0, table: 300 },
          ],
        },
      },
    },
  },
  {
    name: 'a route whose family has no address',
    from: {
      numbered: {
        document: {
          ips: [{ version: '4', address: '10.1.2.3/24' }],
          routes: [{ dst: '::/0', gw: 'fd00::1' }, { dst: '10.0.0.0/8' }],
          dns: {},
        },
        pair: { ip4: { ip: '10.1.2.3/24', routes: [{ dst: '10.0.0.0/8' }] }, dns: {} },
        numbered: {
          ips: [{ version: '4', address: '10.1.2.3/24' }],
          routes: [{ dst: '::/0', gw: 'fd00::1' }, { dst: '10.0.0.0/8' }],
          dns: {},
        },
        current: {
          ips: [{ address: '10.1.2.3/24' }],
          routes: [{ dst: '::/0', gw: 'fd00::1' }, { dst: '10.0.0.0/8' }],
        },
      },
      current: {
        document: { ips: [{ address: 'fd00::5/64' }], routes: [{ dst: '10.0.0.0/8' }] },
        pair: { ip6: { ip: 'fd00::5/64' }, dns: {} },
        numbered: { ips: [{ version: '6', address: 'fd00::5/64' }], routes: [{ dst: '10.0.0.0/8' }], dns: {} },
        current: { ips: [{ address: 'fd00::5/64' }], routes: [{ dst: '10.0.0.0/8' }] },
      },
    },
  },
  {
    name: 'full resolver settings',
    from: {
      pair: {
        document: {
          ip4: { ip: '10.1.2.3/24' },
          dns: {
            options: ['ndots:5'],
            search: ['a.example', 'b.example'],
            domain: 'example',
            nameservers: ['10.0.0.2'],
          },
        },
        pair: {
          ip4: { ip: '10.1.2.3/24' },
          dns: {
            nameservers: ['10.0.0.2'],
            domain: 'example',
            search: ['a.example', 'b.example'],
            options: ['ndots:5'],
          },
        },
        numbered: {
          ips: [{ version: '4', address: '10.1.2.3/24' }],
          dns: {
            nameservers: ['10.0.0.2'],
            domain: 'example',
            search: ['a.example', 'b.example'],
            options: ['ndots:5'],
          },
        },
        current: {
          dns: {
            domain: 'example',
            nameservers: ['10.0.0.2'],
            options: ['ndots:5'],
            search: ['a.example', 'b.example'],
          },
          ips: [{ address: '10.1.2.3/24' }],
        },
      },
      numbered: {
        document: {
          ips: [{ version: '4', address: '10.1.2.3/24' }],
          dns: { nameservers: ['10.0.0.2', '::1'], domain: '', search: [], options: ['ndots:5'] },
        },
        pair: { ip4: { ip: '10.1.2.3/24' }, dns: { nameservers: ['10.0.0.2', '::1'], options: ['ndots:5'] } },
        numbered: {
          ips: [{ version: '4', address: '10.1.2.3/24' }],
          dns: { nameservers: ['10.0.0.2', '::1'], options: ['ndots:5'] },
        },
        current: {
          dns: { nameservers: ['10.0.0.2', '::1'], options: ['ndots:5'] },
          ips: [{ address: '10.1.2.3/24' }],
        },
      },
      current: {
        document: {
          ips: [{ address: '10.1.2.3/24' }],
          dns: { nameservers: ['10.0.0.2'], domain: 'example', search: ['a.example'], options: ['ndots:5'] },
        },
        pair: {
          ip4: { ip: '10.1.2.3/24' },
          dns: { nameservers: ['10.0.0.2'], domain: 'example', search: ['a.example'], options: ['ndots:5'] },
        },
        numbered: {
          ips: [{ version: '4', address: '10.1.2.3/24' }],
          dns: { nameservers: ['10.0.0.2'], domain: 'example', search: ['a.example'], options: ['ndots:5'] },
        },
        current: {
          dns: { domain: 'example', nameservers: ['10.0.0.2'], options: ['ndots:5'], search: ['a.example'] },
          ips: [{ address: '10.1.2.3/24' }],
        },
      },
    },
  },
  {
    name: 'interfaces with what 1.1.0 added, and several addresses of a family',
    from: {
      numbered: {
        document: {
          interfaces: [{ name: 'eth0', mtu: 1400, socketPath: '/run/s', pciID: '0000:01:00.0' }],
          ips: [
            { version: '4', interface: 0, address: '10.1.2.3/24', gateway: '10.1.2.1' },
            { version: '4', interface: 0, address: '10.1.3.3/24', gateway: '10.1.3.1' },
          ],
          dns: {},
        },
        pair: { ip4: { ip: '10.1.2.3/24', gateway: '10.1.2.1' }, dns: {} },
        numbered: {
          interfaces: [{ name: 'eth0' }],
          ips: [
            { version: '4', interface: 0, address: '10.1.2.3/24', gateway: '10.1.2.1' },
            { version: '4', interface: 0, address: '10.1.3.3/24', gateway: '10.1.3.1' },
          ],
          dns: {},
        },
        current: {
          interfaces: [{ name: 'eth0' }],
          ips: [
            { address: '10.1.2.3/24', gateway: '10.1.2.1', interface: 0 },
            { address: '10.1.3.3/24', gateway: '10.1.3.1', interface: 0 },
          ],
        },
      },
      current: {
        document: {
          interfaces: [
            {
              name: 'eth0',
              mac: '00:00:00:00:00:00',
              mtu: 1400,
              sandbox: '/n',
              socketPath: '/run/s',
              pciID: '0:1:0.0',
            },
            { name: 'eth1', mac: '', mtu: 0, sandbox: '', socketPath: '', pciID: '' },
          ],
          ips: [{ address: 'fd00::5/64' }, { address: 'fd01::5/64', interface: 7 }],
        },
        pair: { ip6: { ip: 'fd00::5/64' }, dns: {} },
        numbered: {
          interfaces: [{ name: 'eth0', mac: '00:00:00:00:00:00', sandbox: '/n' }, { name: 'eth1' }],
          ips: [
            { version: '6', address: 'fd00::5/64' },
            { version: '6', interface: 7, address: 'fd01::5/64' },
          ],
          dns: {},
        },
        current: {
          interfaces: [
            {
              mac: '00:00:00:00:00:00',
              mtu: 1400,
              name: 'eth0',
              pciID: '0:1:0.0',
              sandbox: '/n',
              socketPath: '/run/s',
            },
            { name: 'eth1' },
          ],
          ips: [{ address: 'fd00::5/64' }, { address: 'fd01::5/64', interface: 7 }],
        },
      },
    },
  },
  {
    name: 'no address at all',
    from: {
      pair: { document: { dns: {} }, pair: { dns: {} }, numbered: { dns: {} }, current: {} },
      numbered: {
        document: { interfaces: [{ name: 'eth0' }], ips: [], routes: [{ dst: '0.0.0.0/0' }], dns: {} },
        pair: NO_ADDRESS,
        numbered: { interfaces: [{ name: 'eth0' }], routes: [{ dst: '0.0.0.0/0' }], dns: {} },
        current: { interfaces: [{ name: 'eth0' }], routes: [{ dst: '0.0.0.0/0' }] },
      },
      current: {
        document: { interfaces: [{ name: 'eth0' }] },
        pair: NO_ADDRESS,
        numbered: { interfaces: [{ name: 'eth0' }], dns: {} },
        current: { interfaces: [{ name: 'eth0' }] },
      },
    },
  },
];
