import { describe, expect, test } from 'vitest';
import { DUAL_ENV, IPV4_ENV } from '../../test/protocol/flannel-in-process.ts';
import { parseSubnetEnv, SubnetEnvError } from './subnet-env.ts';

const PATH = '/run/flannel/subnet.env';

function refused(text: string): SubnetEnvError {
  try {
    parseSubnetEnv(text, PATH);
  } catch (thrown) {
    if (thrown instanceof SubnetEnvError) return thrown;
  }
  throw new Error('it was not refused');
}

describe('what flanneld writes', () => {
  test('both families', () => {
    expect(parseSubnetEnv(DUAL_ENV, PATH)).toEqual({
      networks: ['10.244.0.0/16', 'fd00:10:244::/56'],
      subnets: ['10.244.1.0/24', 'fd00:10:244:1::/64'],
      mtu: 1450,
      masquerades: true,
    });
  });

  test.each([
    ['line breaks of Windows', IPV4_ENV.replaceAll('\n', '\r\n')],
    ['no line break at the end', IPV4_ENV.trimEnd()],
    ['comments, blank lines and keys that nobody knows', `# x\n\n=\nFOO\nBAR=1\n ${IPV4_ENV}${IPV4_ENV}`],
    ['the last of several', `FLANNEL_MTU=9000\nFLANNEL_SUBNET=10.1.1.1/24\n${IPV4_ENV}`],
  ])('%s', (_, text) => {
    expect(parseSubnetEnv(text, PATH)).toEqual({
      networks: ['10.244.0.0/16'],
      subnets: ['10.244.1.0/24'],
      mtu: 1450,
      masquerades: true,
    });
  });

  test.each(['True', '1', 'false', '', 'true '])('%j is no masquerade', (value) => {
    expect(parseSubnetEnv(IPV4_ENV.replace('IPMASQ=true', `IPMASQ=${value}`), PATH).masquerades).toBe(false);
  });

  test.each(['0', '4294967295', '007'])('an MTU of %s', (value) => {
    expect(parseSubnetEnv(IPV4_ENV.replace('1450', value), PATH).mtu).toBe(Number(value));
  });
});

describe('what it does not', () => {
  const ALL = 'FLANNEL_NETWORK, FLANNEL_IPV6_NETWORK, FLANNEL_SUBNET, FLANNEL_IPV6_SUBNET, FLANNEL_MTU, FLANNEL_IPMASQ';

  test.each([
    ['', ALL],
    ['FLANNEL_NETW', ALL],
    [IPV4_ENV.replace('FLANNEL_MTU', 'X'), 'FLANNEL_MTU'],
    [IPV4_ENV.replace('FLANNEL_IPMASQ', 'X'), 'FLANNEL_IPMASQ'],
    [IPV4_ENV.replace('FLANNEL_SUBNET', 'X'), 'FLANNEL_SUBNET, FLANNEL_IPV6_SUBNET'],
    [IPV4_ENV.replace('FLANNEL_NETWORK', 'X'), 'FLANNEL_NETWORK, FLANNEL_IPV6_NETWORK'],
  ])('%j lacks %s', (text, missing) => {
    const error = refused(text);
    expect(error).toMatchObject({ code: 11, message: `${PATH} is missing ${missing}`, isUnfinished: true });
  });

  test.each([
    ['FLANNEL_MTU', 'FLANNEL_MTU has no value', '"FLANNEL_MTU=" and a value'],
    ['FLANNEL_SUBNET', 'FLANNEL_SUBNET has no value', '"FLANNEL_SUBNET=" and a value'],
    ['FLANNEL_NETWORK=', 'invalid CIDR address: ', 'without quotes or white space'],
    ['FLANNEL_NETWORK="10.0.0.0/8"', 'invalid CIDR address: "10.0.0.0/8"', 'without quotes or white space'],
    ['FLANNEL_NETWORK=10.0.0.0/8, 10.1.0.0/8', 'invalid CIDR address:  10.1.0.0/8', 'such as 10.244.1.1/24'],
    ['FLANNEL_SUBNET=10.244.1.1/24 ', 'invalid CIDR address: 10.244.1.1/24 ', 'white space'],
    ['FLANNEL_MTU=1450.5', 'strconv.ParseUint: parsing "1450.5": invalid syntax', 'a whole number'],
    ['FLANNEL_MTU=', 'strconv.ParseUint: parsing "": invalid syntax', 'a whole number'],
    ['FLANNEL_MTU=-1', 'strconv.ParseUint: parsing "-1": invalid syntax', 'a whole number'],
    ['FLANNEL_MTU=4294967296', 'strconv.ParseUint: parsing "4294967296": value out of range', 'a whole number'],
  ])('%j', (line, message, details) => {
    const error = refused(`${IPV4_ENV}${line}\n`);
    expect(error).toMatchObject({ code: 6, message, isUnfinished: false });
    expect(error.details).toContain(`${PATH}, line 5: found `);
    expect(error.details).toContain(details);
    expect(refused(`${IPV4_ENV}${line}`).isUnfinished).toBe(true);
  });

  test.each([
    ['FLANNEL_SUBNET=10', 'X=10', '4 network 10.244.0.0/16 and no IPv4 subnet'],
    ['FLANNEL_NETWORK', 'X', '4 subnet 10.244.1.0/24 and no IPv4 network'],
    ['FLANNEL_IPV6_SUBNET', 'X', '6 network fd00:10:244::/56 and no IPv6 subnet'],
    ['FLANNEL_IPV6_NETWORK', 'X', '6 subnet fd00:10:244:1::/64 and no IPv6 network'],
  ])('both families without %s', (key, other, message) => {
    const error = refused(DUAL_ENV.replace(key, other));
    expect(error).toMatchObject({ code: 7, message: `${PATH} has an IPv${message}`, isUnfinished: false });
    expect(error.details).toContain('spec.podCIDRs');
  });
});
