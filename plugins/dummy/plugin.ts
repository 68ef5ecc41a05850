import { innerPlugin } from '../../pkg/attach/inner/plugin.ts';
import { DUMMY } from './dummy.ts';
import { dummySchema } from './schema.ts';

/** Gives containers a link that leads nowhere, for addresses. */
export const dummy = innerPlugin({
  name: 'dummy',
  about: 'gives each container a link that leads nowhere, with addresses of its own',
  configFailure: 'failed to parse network config',
  config: dummySchema,
  kind: DUMMY,
});
