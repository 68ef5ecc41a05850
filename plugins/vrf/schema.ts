import { int, object, optional, type output, string } from 'zod/mini';
import { describe } from '../../pkg/config/schema.ts';

/** Schema of vrf's configuration. */
export const vrfSchema = object({
  vrfname: describe(optional(string()), { text: 'name of the VRF in the container; it is made if need be' }),
  table: describe(optional(int()), {
    text: 'its table; one that is there must have the same',
    fallback: '0: that of the VRF that is there, else the first that is free',
  }),
});

/** vrf's configuration. */
export type VrfConf = output<typeof vrfSchema>;
