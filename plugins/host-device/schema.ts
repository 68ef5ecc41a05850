import { boolean, looseObject, object, optional, type output, string } from 'zod/mini';
import { describe } from '../../pkg/config/schema.ts';
import { dnsSchema } from '../../pkg/ipam/schema.ts';

/** Schema of host-device's configuration. */
export const hostDeviceSchema = object({
  device: describe(optional(string()), { text: 'name of the device; of several keys that name one, the first counts' }),
  hwaddr: describe(optional(string()), { text: 'MAC of the device' }),
  kernelpath: describe(optional(string()), { text: 'folder of the device below /sys/devices/' }),
  pciBusID: describe(optional(string()), { text: 'PCI address of the device: "0000:00:1f.6"' }),
  DPDKMode: describe(optional(boolean()), {
    text: 'whether the device is driven by a program and not by the kernel, so that nothing is moved',
    fallback: 'what the driver of a PCI device says',
  }),
  dns: describe(optional(dnsSchema), { text: 'resolver settings for the result' }),
  // The IPAM plugin reads it; here only the name of that plugin counts.
  ipam: describe(optional(looseObject({ type: optional(string()) })), {
    text: 'address management; without a type there is none',
  }),
  runtimeConfig: optional(
    object({
      deviceID: describe(optional(string()), { text: 'PCI address or auxiliary device that the runtime gives' }),
    }),
  ),
});

/** host-device's configuration. */
export type HostDeviceConf = output<typeof hostDeviceSchema>;
