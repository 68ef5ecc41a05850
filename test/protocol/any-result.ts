import fc from 'fast-check';
import { formatAddress, parseAddress } from '../../pkg/addr/address.ts';
import type { Dns, Interface, IpConfig, Result, Route } from '../../pkg/types/result.ts';

const addressText = fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => {
  const address = parseAddress(text);
  return address ? formatAddress(address) : '0.0.0.0';
});

const prefixText = addressText.chain((address) =>
  fc.integer({ min: 0, max: address.includes(':') ? 128 : 32 }).map((length) => `${address}/${length}`),
);

const text = fc.string({ minLength: 1, unit: 'binary' });
const texts = fc.array(text, { minLength: 1, maxLength: 3 });
const count = fc.integer({ min: 1, max: 0x7fff_ffff });
const number = fc.nat();

const link: fc.Arbitrary<Interface> = fc.record(
  { name: fc.oneof(text, fc.constant('')), mac: text, mtu: count, sandbox: text, socketPath: text, pciID: text },
  { requiredKeys: ['name'] },
);

const ip: fc.Arbitrary<IpConfig> = fc.record(
  { address: prefixText, gateway: addressText, interface: number },
  { requiredKeys: ['address'] },
);

const route: fc.Arbitrary<Route> = fc.record(
  { dst: prefixText, gw: addressText, mtu: count, advmss: count, priority: count, table: number, scope: number },
  { requiredKeys: ['dst'] },
);

const dns: fc.Arbitrary<Dns> = fc
  .record({ nameservers: texts, domain: text, search: texts, options: texts }, { requiredKeys: [] })
  .filter((settings) => Object.keys(settings).length > 0);

function listOf<T>(element: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  return fc.array(element, { minLength: 1, maxLength: 4 });
}

/** Results in the inner shape, canonical: nothing empty is present. */
export const anyResult: fc.Arbitrary<Result> = fc.record(
  { interfaces: listOf(link), ips: listOf(ip), routes: listOf(route), dns },
  { requiredKeys: [] },
);
