import { boolean, int, looseObject, object, optional, type output, string } from 'zod/mini';
import { describe } from '../../pkg/config/schema.ts';
import { dnsSchema } from '../../pkg/ipam/schema.ts';

/** Schema of tap's configuration. */
export const tapSchema = object({
  multiQueue: describe(optional(boolean()), { text: 'whether the device has several queues', fallback: 'false' }),
  mtu: describe(optional(int()), { text: 'MTU of the device', fallback: '0, the kernel’s' }),
  mac: describe(optional(string()), { text: 'MAC of the device', fallback: 'one that is made up' }),
  owner: describe(optional(int()), { text: 'number of the user who may open the device', fallback: 'root' }),
  group: describe(optional(int()), { text: 'number of the group that may open the device', fallback: 'none' }),
  selinuxContext: describe(optional(string()), { text: 'SELinux context that the device is made in' }),
  bridge: describe(optional(string()), { text: 'bridge in the container whose port the device becomes' }),
  dns: describe(optional(dnsSchema), { text: 'resolver settings for the result' }),
  // The IPAM plugin reads it; here only the name of that plugin counts.
  ipam: describe(optional(looseObject({ type: optional(string()) })), {
    text: 'address management; without a type there is none',
  }),
  runtimeConfig: optional(
    object({ mac: describe(optional(string()), { text: 'MAC of the device that the runtime asks for' }) }),
  ),
});

/** tap's configuration. */
export type TapConf = output<typeof tapSchema>;
