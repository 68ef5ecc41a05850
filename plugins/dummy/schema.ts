import { looseObject, object, optional, type output, string } from 'zod/mini';
import { describe } from '../../pkg/config/schema.ts';

/** Schema of dummy's configuration. */
export const dummySchema = object({
  // The IPAM plugin reads it; here only the name of that plugin counts.
  ipam: describe(optional(looseObject({ type: optional(string()) })), {
    text: 'address management; it has to be there',
  }),
});

/** dummy's configuration. */
export type DummyConf = output<typeof dummySchema>;
