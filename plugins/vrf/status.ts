import type { Call } from '../../pkg/skel/plugin.ts';
import { notAvailable } from '../../pkg/types/error.ts';
import type { VrfConf } from './schema.ts';
import { settingsOf } from './settings.ts';

/** Fails for a configuration that makes every ADD fail. */
export async function status({ conf }: Call<VrfConf>): Promise<void> {
  try {
    settingsOf(conf);
  } catch (thrown) {
    throw notAvailable('vrf', thrown);
  }
}
