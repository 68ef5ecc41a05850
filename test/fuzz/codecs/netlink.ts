import { LocalAddresses } from '../../../pkg/conntrack/local.ts';
import { seenLink } from '../../../pkg/dhcp/container-link.ts';
import { bridge, type IpCommand, ip, tc } from '../../../pkg/ip/command.ts';
import { nativeForm } from '../../../pkg/rtnl/commands.ts';
import { linkGroups, linkState } from '../../../pkg/rtnl/link/state.ts';
import { vlanForm } from '../../../pkg/rtnl/link/vlan.ts';
import { type Attribute, bodiesOf, request } from '../../../pkg/rtnl/message.ts';
import { ruleForm } from '../../../pkg/rtnl/route/rules.ts';
import { tcForm } from '../../../pkg/rtnl/tc/forms.ts';
import { eachOf, isRefusal, socketSaying } from './kernel.ts';
import * as seeds from './netlink-seeds.ts';
import type { Target } from './target.ts';

/** A target that carries out commands, each over a socket whose kernel says what is in the input. */
function shows(name: string, inputs: Target['seeds'], commands: readonly IpCommand[]): Target {
  const forms = commands.map((command) => {
    const form = nativeForm(command) ?? ruleForm(command) ?? tcForm(command) ?? vlanForm(command);
    if (form === undefined) throw new Error(`no native form: ${command}`);
    return form;
  });
  return {
    name: `rtnetlink: ${name}`,
    seeds: inputs,
    words: ['eth0', 'bridge', 'veth', 'mirred', 'tbf', 'u32'],
    read: (bytes) => eachOf(forms.map((form) => () => form(socketSaying(bytes)))),
    refuses: isRefusal,
  };
}

/** What the socket itself does with an answer. */
const socket: Target = {
  name: 'rtnetlink: the socket',
  seeds: [...seeds.ANSWERS, ...seeds.LINKS],
  read(bytes) {
    const question = (attributes: readonly Attribute[] = []) => request(18, 0, new Uint8Array(16), attributes);
    return eachOf<unknown>([
      () => socketSaying(bytes).exchange(question()),
      () => socketSaying(bytes).exchange(question(), 'eth0'),
      () => socketSaying(bytes).find(question(), 'eth0', ({ type }) => type === 16) ?? 'nothing',
      () => socketSaying(bytes).exchangeByChild(question()),
    ]);
  },
  refuses: isRefusal,
};

/** What no command shows. */
const unshown: Target = {
  name: 'rtnetlink: what links have said, groups, local addresses',
  seeds: [...seeds.LINKS, ...seeds.GROUPS, ...seeds.ROUTES],
  read: (bytes) =>
    eachOf<unknown>([
      () => linkState(socketSaying(bytes), 'eth0'),
      () => bodiesOf(socketSaying(bytes).exchange(request(18, 0, new Uint8Array(16), [])), 16).map(seenLink),
      () => linkGroups(socketSaying(bytes), 3),
      () => new LocalAddresses(() => socketSaying(bytes)).has('10.1.0.2'),
    ]),
  refuses: isRefusal,
};

/** Readers of what rtnetlink answers. */
export const NETLINK_TARGETS: readonly Target[] = [
  socket,
  shows('links', seeds.LINKS, [
    ip`-d link show`,
    ip`-d link show dev ${'eth0'}`,
    ip`link show master ${'if7'}`,
    ip`-d link show type ${'vrf'}`,
  ]),
  shows('addresses', seeds.ADDRESSES, [ip`-d addr show dev ${'eth0'}`]),
  shows('routes', seeds.ROUTES, [
    ip`-4 route show table main`,
    ip`-6 route show table main`,
    ip`-4 -N route show table all`,
    ip`route get ${'10.1.0.2'}`,
  ]),
  shows('rules', seeds.RULES, [ip`-4 -N rule show`]),
  shows('queues and filters', seeds.QUEUES, [
    tc`-r qdisc show dev ${'if3'}`,
    tc`filter show dev ${'if3'} parent ffff:`,
  ]),
  shows('VLANs', seeds.VLANS, [bridge`-compressvlans vlan show dev ${'if3'}`]),
  unshown,
];
