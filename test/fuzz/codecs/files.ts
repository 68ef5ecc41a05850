import { parseAddress } from '../../../pkg/addr/address.ts';
import { decodeOwner, encodeOwner } from '../../../pkg/ipam/lease.ts';
import { decodeHint, encodeHint } from '../../../pkg/ipam/lease-index.ts';
import { decodeRecord } from '../../../pkg/record/record.ts';
import { CniError } from '../../../pkg/types/error.ts';
import { fileOf, heldFrom } from '../../../plugins/dhcp/daemon/stored.ts';
import { decodeLease } from '../../../plugins/dhcp/lease-files.ts';
import { parseSubnetEnv } from '../../../plugins/flannel/subnet-env.ts';
import { parseResolvConf } from '../../../plugins/host-local/resolv-conf.ts';
import { DHCP_ACK } from './dhcp.ts';
import { bytesOfText, expectSame, type Target, textOfBytes } from './target.ts';

const JSON_WORDS = ['null', '[]', '{}', '0', '-1', '1e999', '""', '"__proto__":', ',', '}', '"version":1', '\\ud800'];

const record: Target = {
  name: 'files: records of attachments',
  isJson: true,
  seeds: [
    bytesOfText(
      JSON.stringify({
        version: 1,
        bootId: 'b',
        plugin: 'bridge',
        network: 'net',
        containerId: 'c1',
        ifName: 'eth0',
        netns: { path: '/run/netns/pod', dev: '4', ino: '4026532000' },
        time: '2026-01-01T00:00:00.000Z',
        pod: { namespace: 'default', name: 'web-0' },
        data: { veth: 'veth0123' },
      }),
    ),
  ],
  words: JSON_WORDS,
  read(bytes) {
    const read = decodeRecord(textOfBytes(bytes));
    if (read !== undefined) expectSame(decodeRecord(JSON.stringify(read)), read, 'a record');
    return read;
  },
};

const lease: Target = {
  name: 'files: leases of host-local, their hints',
  seeds: [
    bytesOfText('c1\r\neth0'),
    bytesOfText('c1'),
    bytesOfText('cni-ts/1 0123-boot 1700000000000 10.1.0.2 fd00::2\n'),
    bytesOfText('cni-ts/1 - 0 10.1.0.2\n'),
    bytesOfText('10.1.0.200'),
  ],
  words: ['\r\n', '\n', ' ', '\0', 'cni-ts/1 ', '\ufeff', '-', '1e999', 'fd00::', '10.1.0.2'],
  read(bytes) {
    const text = textOfBytes(bytes);
    const owner = decodeOwner(text);
    // An id never ends with white space; what stands there is the file's.
    if (owner !== undefined && owner.containerId === owner.containerId.trim() && owner.containerId !== '') {
      const again = decodeOwner(encodeOwner(owner));
      expectSame(again, owner, 'an owner');
    }
    const hint = decodeHint(text);
    if (hint !== 'damaged') expectSame(decodeHint(encodeHint(hint)), hint, 'a hint');
    return [owner, hint, parseAddress(text)];
  },
};

const daemon: Target = {
  name: "files: the dhcp daemon's leases",
  isJson: true,
  seeds: [
    bytesOfText(
      JSON.stringify({
        version: 1,
        bootId: 'b',
        containerId: 'c1',
        network: 'net',
        ifName: 'eth0',
        netns: { path: '/run/netns/pod', dev: '4', ino: '4026532000' },
        index: 3,
        mac: '02:00:00:00:00:01',
        wayOut: { name: 'lan0', index: 2 },
        options: [[61, '0063']],
        ack: Buffer.from(DHCP_ACK).toString('hex'),
        serverMac: '020000000002',
        askedAt: 1000,
      }),
    ),
  ],
  words: [...JSON_WORDS, '"options":[[1]]', '"netns":null', '"index":"3"'],
  read(bytes) {
    const file = decodeLease(textOfBytes(bytes), 'b');
    const held = file && heldFrom(file);
    if (file === undefined || held === undefined) return undefined;
    const { key, link, lease: given, wayOut } = held;
    expectSame(
      [typeof key.containerId, typeof key.network, typeof key.ifName],
      ['string', 'string', 'string'],
      'a key',
    );
    const { netns } = link;
    expectSame(
      [typeof netns.path, typeof netns.dev, typeof netns.ino, typeof link.index, typeof link.mac],
      ['string', 'string', 'string', 'number', 'string'],
      'a link',
    );
    if (wayOut !== undefined) expectSame([typeof wayOut.name, typeof wayOut.index], ['string', 'number'], 'a way out');
    expectSame([given.serverMac.length, Number.isFinite(given.askedAt)], [6, true], 'a lease');
    const written = JSON.stringify({ version: 1, bootId: 'b', ...fileOf(held) });
    const again = decodeLease(written, 'b');
    expectSame(again && heldFrom(again), held, 'what is held');
    return held;
  },
};

const settings: Target = {
  name: 'files: resolv.conf, subnet.env',
  seeds: [
    bytesOfText('# a comment\nnameserver 10.1.0.1\nsearch a b\ndomain test\noptions ndots:5\n'),
    bytesOfText('FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.1.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n'),
    bytesOfText(
      'FLANNEL_IPV6_NETWORK=fd00::/48,fd01::/48\nFLANNEL_IPV6_SUBNET=fd00::1/64\nFLANNEL_MTU=1280\nFLANNEL_IPMASQ=false\n',
    ),
  ],
  words: ['\n', '=', 'FLANNEL_', 'nameserver ', ' ', '\t', ',', '10.244.0.0/16', '::/0', '99999999999', '\r'],
  read(bytes) {
    const text = textOfBytes(bytes);
    const dns = parseResolvConf(text);
    try {
      return [dns, parseSubnetEnv(text, '/run/flannel/subnet.env')];
    } catch (thrown) {
      if (!(thrown instanceof CniError)) throw thrown;
      // What it says of a file is not longer than the file by much.
      return [dns, thrown.message, thrown.details];
    }
  },
};

/** Readers of files that a crash, another program or an administrator has written. */
export const FILE_TARGETS: readonly Target[] = [record, lease, daemon, settings];
