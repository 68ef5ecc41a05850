import type { Call } from '../../pkg/skel/plugin.ts';
import { causeErrno } from '../../pkg/sys/errno.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import { diagnose } from './diagnosis.ts';
import type { FlannelConf } from './schema.ts';
import { readSubnetEnv, type SubnetEnv, SubnetEnvError } from './subnet-env.ts';

const SUBNET_FILE = '/run/flannel/subnet.env';

/** flanneld has written it a second after it found its subnet, or something is wrong with it. */
const DEFAULT_WAIT_MS = 1000;
/** A runtime gives up on a plugin after a minute or more. */
const LONGEST_WAIT_MS = 50_000;
/** The folder may be missing too, so there is nothing that could tell when the file comes. */
const PAUSE_MS = 20;

/** The file in which flanneld says what this host has. */
export function subnetFileOf({ conf }: Call<FlannelConf>): string {
  return conf.subnetFile ?? SUBNET_FILE;
}

/** What flanneld says; an ADD gives a file that is just being written a moment. */
export async function waitForSubnets(call: Call<FlannelConf>): Promise<SubnetEnv> {
  const wait = Math.min(call.conf.subnetFileWaitMs ?? DEFAULT_WAIT_MS, LONGEST_WAIT_MS);
  const deadline = Date.now() + wait;
  for (;;) {
    try {
      return readSubnetEnv(subnetFileOf(call));
    } catch (thrown) {
      if (!mayComeYet(thrown) || Date.now() >= deadline) throw await explained(call, thrown);
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** What flanneld says now. */
export async function subnetsNow(call: Call<FlannelConf>): Promise<SubnetEnv> {
  try {
    return readSubnetEnv(subnetFileOf(call));
  } catch (thrown) {
    throw await explained(call, thrown);
  }
}

/** What flanneld says now; `undefined` when it says nothing that could be used. */
export function subnetsIfAny(call: Call<FlannelConf>): SubnetEnv | undefined {
  try {
    return readSubnetEnv(subnetFileOf(call));
  } catch {
    return undefined;
  }
}

function mayComeYet(thrown: unknown): boolean {
  return thrown instanceof SubnetEnvError ? thrown.isUnfinished : causeErrno(thrown) === 'ENOENT';
}

/** In the reference's words, which people search for, and then what can be seen on this host. */
async function explained(call: Call<FlannelConf>, thrown: unknown): Promise<CniError> {
  const cause = thrown instanceof CniError ? thrown : new CniError(ErrorCode.internal, String(thrown));
  const seen = await diagnose(subnetFileOf(call), call.network, call.environment);
  return new CniError(
    causeErrno(thrown) === 'ENOENT' ? ErrorCode.tryAgain : cause.code,
    `failed to load flannel 'subnet.env' file: ${cause.message}. Check the flannel pod log for this node.`,
    [cause.details, ...seen].filter((text) => text !== '').join('; '),
    { cause: thrown },
  );
}
