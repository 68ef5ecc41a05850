import { innerPlugin } from '../../pkg/attach/inner/plugin.ts';

/** Gives containers a link that leads nowhere, for addresses. */
export const dummy = innerPlugin({
  name: 'dummy',
  about: 'gives each container a link that leads nowhere, with addresses of its own',
  configFailure: 'failed to parse network config',
  config: async () => (await import('./schema.ts')).dummySchema,
  kind: async () => (await import('./dummy.ts')).DUMMY,
});
