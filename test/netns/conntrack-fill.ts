// Started on a host, as an executable of its own: makes many flows in its table, as if a port's had been translated.
// The arguments: how many, to which host port, answered by which port of 10.1.1.2 or fd00:1::2.
import { type Attribute, FLAG, nested, request, u32 } from '../../pkg/rtnl/message.ts';
import { RtnlSocket } from '../../pkg/rtnl/socket.ts';
import { AF_INET, AF_INET6, readAddress } from '../../pkg/rtnl/words.ts';
import { libc, NETLINK } from '../../pkg/sys/libc.ts';

const CT_NEW = 0x100;
const NESTED = 0x8000;
const [, , count = '0', port = '5353', answeredFrom = '5353', family = '4'] = process.argv;
const isIpv4 = family === '4';
const [client, host, pod] = isIpv4
  ? ['192.0.2.2', '192.0.2.1', '10.1.1.2']
  : ['2001:db8::2', '2001:db8::1', 'fd00:1::2'];
const c = libc();
if (c === undefined) throw new Error('this needs foreign functions');
const socket = new RtnlSocket(c, c.netlinkSocket(NETLINK.netfilter));

function number16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 255);
}

function tuple(source: string, destination: string, from: number, to: number): Uint8Array {
  const address = (text: string) => readAddress(text)?.bytes ?? new Uint8Array();
  const ip: Attribute[] = [
    [isIpv4 ? 1 : 3, address(source)],
    [isIpv4 ? 2 : 4, address(destination)],
  ];
  const ports: Attribute[] = [
    [1, Uint8Array.of(17)],
    [2, number16(from)],
    [3, number16(to)],
  ];
  return nested([
    [1 | NESTED, nested(ip)],
    [2 | NESTED, nested(ports)],
  ]);
}

for (let index = 0; index < Number(count); index++) {
  const from = 5000 + index;
  socket.exchange(
    request(CT_NEW, FLAG.ack | FLAG.create | FLAG.excl, Uint8Array.of(isIpv4 ? AF_INET : AF_INET6, 0, 0, 0), [
      [1 | NESTED, tuple(client, host, from, Number(port))],
      [2 | NESTED, tuple(pod, client, Number(answeredFrom), from)],
      // Confirmed, seen in both directions, good for ten minutes.
      [3, u32(0x0a000000)],
      [7, Uint8Array.of(0, 0, 2, 0x58)],
    ]),
  );
}
