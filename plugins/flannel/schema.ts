import { int, looseObject, object, optional, type output, string } from 'zod/mini';
import { describe } from '../../pkg/config/schema.ts';

/** Schema of flannel's configuration. */
export const flannelSchema = object({
  subnetFile: describe(optional(string()), {
    text: 'the file in which flanneld says what this host has',
    fallback: '/run/flannel/subnet.env',
  }),
  subnetFileWaitMs: describe(optional(int()), {
    text: 'how long an ADD waits for a subnetFile that is missing or incomplete, in milliseconds',
    fallback: '1000; 0 is not at all',
  }),
  dataDir: describe(optional(string()), {
    text: 'folder of what each container was attached with',
    fallback: '/var/lib/cni/flannel',
  }),
  // Somebody else's keys, which are passed on as they are.
  delegate: describe(optional(looseObject({})), {
    text: 'configuration of the plugin that does the work; without a type that is bridge',
  }),
  ipam: describe(optional(looseObject({})), {
    text: 'address management; without a type host-local. Its ranges are those of the subnetFile',
  }),
  runtimeConfig: describe(optional(looseObject({})), { text: 'what the runtime asks for, passed on as it is' }),
});

/** flannel's configuration. */
export type FlannelConf = output<typeof flannelSchema>;
