import { describe, expect, test } from 'vitest';
import { bridge, type IpCommand, ip } from '../../ip/command.ts';
import { type Attribute, messagesIn, nested, request, textBytes } from '../message.ts';
import type { RtnlSocket } from '../socket.ts';
import { IFLA, linkHeader } from './message.ts';
import { vlanForm } from './vlan.ts';

/** A port as the kernel tells of it: each VLAN is its flags and its number. */
function told(index: number, name: string, vlans: readonly (readonly [flags: number, vlan: number])[]): Uint8Array {
  const infos = vlans.map(([flags, vlan]): Attribute => [2, Uint8Array.of(flags, 0, vlan & 255, vlan >> 8)]);
  const attributes: readonly Attribute[] = [
    [IFLA.ifname, textBytes(name)],
    // The mode of a port comes among its VLANs where the port's own driver tells of them.
    [IFLA.afSpec, nested([[1, Uint8Array.of(0, 0)], ...infos])],
  ];
  return request(16, 2, linkHeader(index), attributes);
}

/** What a command sends where `p` has the index 3, in hexadecimal and without the header, and what it gives. */
function run(command: IpCommand, answer: readonly Uint8Array[] = []): { sent: string; output: unknown } {
  let sent = '';
  const socket = {
    indices: new Map([['p', 3]]),
    exchange(message: Uint8Array) {
      sent = `${message[4]} ${Buffer.from(message.subarray(16)).toString('hex')}`;
      return answer.flatMap((part) => messagesIn(part));
    },
  } as unknown as RtnlSocket;
  const output = vlanForm(command)?.(socket);
  return { sent, output };
}

const HEADER = `07000000${'03000000'}${'00'.repeat(8)}`;

describe('VLANs of a port', () => {
  test.each([
    [bridge`vlan add dev p vid 100 pvid untagged`, 19, '0c001a00', ['0800020006006400']],
    [bridge`vlan add dev p vid 5`, 19, '0c001a00', ['0800020000000500']],
    [bridge`vlan add dev p vid 200-4094`, 19, '14001a00', ['080002000800c800', '080002001000fe0f']],
    [bridge`vlan del dev p vid 1`, 17, '0c001a00', ['0800020000000100']],
    [bridge`vlan del dev p vid 2-3`, 17, '14001a00', ['0800020008000200', '0800020010000300']],
  ])('%s', (command, type, nest, infos) => {
    expect(run(command).sent).toBe(`${type} ${HEADER}${nest}${infos.join('')}`);
  });

  test('are shown as by the program', () => {
    const ports = [
      told(2, 'br', [[6, 1]]),
      told(3, 'p', [
        [6, 100],
        [8, 200],
        [16, 202],
        [0, 4094],
      ]),
      told(4, 'pp', [[0, 7]]),
    ];
    expect(run(bridge`-compressvlans vlan show dev p`, ports).output).toEqual([
      {
        ifname: 'p',
        vlans: [
          { vlan: 100, flags: ['PVID', 'Egress Untagged'] },
          { vlan: 200, vlanEnd: 202, flags: [] },
          { vlan: 4094 },
        ],
      },
    ]);
    expect(run(bridge`-compressvlans vlan show dev p`, [told(3, 'p', [])]).output).toEqual([]);
  });

  test.each([
    bridge`vlan show dev p`,
    bridge`vlan add dev p vid 0`,
    bridge`vlan add dev p vid 4095`,
    bridge`vlan add dev p vid 9-5`,
    bridge`vlan add dev p vid 5-6-7`,
    bridge`vlan add dev p vid 5-6 pvid untagged`,
    bridge`vlan add dev p vid 5 master`,
    bridge`vlan del dev p vid 5 pvid untagged`,
    bridge`fdb show dev p`,
    ip`vlan add dev p vid 5`,
  ])('left to bridge: %s', (command) => {
    expect(vlanForm(command)).toBe(undefined);
  });
});
