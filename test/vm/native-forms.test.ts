import { expect, test } from 'vitest';
import { useSides } from '../netns/native-forms.ts';

const { compare, succeed } = useSides();

test('links of kinds that not every kernel has are the same by both drivers', async () => {
  const names = ['d', 'l2', 'v0', 'v', 'r'];
  await succeed(
    'here',
    'link add name lan address 02:00:00:00:00:01 type veth peer name other address 02:00:00:00:00:02',
    'link add name d address 02:00:00:00:00:03 type dummy',
    'link add name away mtu 1400 address 02:00:00:00:00:04 netns @there type dummy',
    'link add link lan name l2 mtu 1400 type ipvlan mode l2',
    'link add link lan name l3s netns @there type ipvlan mode l3s',
    'link add link d name v0 type vlan id 0',
    'link add link other name v mtu 1300 type vlan id 4094',
    'link add link other name far netns @there type vlan id 5',
    'link add name r type vrf table 4000000000',
    '-d link show type vrf',
    ...names.flatMap((name) => [`-d link show dev ${name}`, `-d addr show dev ${name}`]),
    'link set dev other up',
    'link set dev v up',
    'link show dev v',
  );
  await succeed('there', ...['away', 'l3s', 'far'].map((name) => `-d addr show dev ${name}`), 'link del dev l3s');
  const failures = {
    'link set dev v0 up': 'ENETDOWN',
    'link add name d type dummy': 'EEXIST',
    'link add link other name w type vlan id 4094': 'EEXIST',
    'link add link other name w type vlan id 4095': 'ERANGE',
    'link add link lo name w type vlan id 7': 'EOPNOTSUPP',
    'link add name r type vrf table 5': 'EEXIST',
    'link add link lan name m type macvlan mode bridge': 'EBUSY',
    'link add link nowhere name i type ipvlan mode l2': 'ENODEV',
  };
  const lines = Object.keys(failures);
  expect(await compare('here', lines)).toEqual(Object.values(failures));
});

test('VLANs of ports are the same by both drivers', async () => {
  await succeed(
    'here',
    'link add name br address 02:00:00:00:00:01 type bridge vlan_filtering 1',
    'link add name p address 02:00:00:00:00:02 type veth peer name q address 02:00:00:00:00:03',
    'bridge -compressvlans vlan show dev br',
    'link set dev p master br',
    'link set dev q master br',
    'bridge -compressvlans vlan show dev p',
    'bridge vlan del dev p vid 1',
    'bridge -compressvlans vlan show dev p',
    'bridge vlan add dev p vid 100 pvid untagged',
    'bridge vlan add dev p vid 200-210',
    'bridge vlan add dev p vid 4094',
    'bridge vlan add dev q vid 1-4094',
    'bridge -compressvlans vlan show dev p',
    'bridge -compressvlans vlan show dev q',
    'bridge vlan del dev p vid 203-204',
    'bridge -compressvlans vlan show dev p',
  );
  const failures = {
    'bridge vlan add dev nowhere vid 5': 'ENODEV',
    'bridge -compressvlans vlan show dev nowhere': 'ENODEV',
  };
  expect(await compare('here', Object.keys(failures))).toEqual(Object.values(failures));
});
