import { boolean, int, looseObject, object, optional, type output, string } from 'zod/mini';
import { describe } from '../../pkg/config/schema.ts';
import { dnsSchema } from '../../pkg/ipam/schema.ts';

/** Schema of ptp's configuration. */
export const ptpSchema = object({
  ipMasq: describe(optional(boolean()), {
    text: 'whether the container appears to the outside with an address of the host',
    fallback: 'false',
  }),
  ipMasqBackend: describe(optional(string()), {
    text: 'what masquerades: "iptables" or "nftables"',
    fallback: 'iptables where it works, else nftables',
  }),
  mtu: describe(optional(int()), { text: 'MTU of both ends of the pair', fallback: '0, the kernel’s' }),
  dns: describe(optional(dnsSchema), { text: 'resolver settings, instead of those of the IPAM plugin' }),
  // The IPAM plugin reads it; here only the name of that plugin counts.
  ipam: describe(optional(looseObject({ type: optional(string()) })), {
    text: 'address management; there has to be one',
  }),
});

/** ptp's configuration. */
export type PtpConf = output<typeof ptpSchema>;
