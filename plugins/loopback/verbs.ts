import { ip } from '../../pkg/ip/command.ts';
import { isNetnsGone } from '../../pkg/netns/error.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { openNetns } from '../../pkg/netns/open.ts';
import { runPlan } from '../../pkg/plan/executor.ts';
import { needsIpProgram, runOptions } from '../../pkg/plan/options.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { PlanError } from '../../pkg/plan/plan-error.ts';
import type { AttachmentCall, Call } from '../../pkg/skel/plugin.ts';
import { findProgram } from '../../pkg/sys/process/find-program.ts';
import { CniError, ErrorCode, notAvailable, toCniError } from '../../pkg/types/error.ts';
import type { IpConfig, Result } from '../../pkg/types/result.ts';
import type { NoKeys } from './plugin.ts';

/** The part of `ip -j addr show` that is looked at. */
interface ShownLink {
  readonly flags: readonly string[];
  readonly addr_info: readonly { readonly family: string; readonly local: string; readonly prefixlen: number }[];
}

/** Sets `lo` up and reports its addresses; one that does not belong there is refused. */
export async function add(call: AttachmentCall<NoKeys>): Promise<Result> {
  // Decoded first, so that a malformed one is refused before anything is done.
  const { prevResult } = call;
  return inContainer(call, async (netns) => {
    const plan = new Plan()
      .inside(netns, ip`addr show dev lo`, { capture: 'before' })
      .inside(netns, ip`link set dev lo up`, { failing: 'failed to set "lo" up' })
      .inside(netns, ip`addr show dev lo`, { capture: 'after' });
    const options = await runOptions(call.environment, 'loopback');
    // What a program saw is not known when it is ended in the midst of several commands.
    const look = new Plan().inside(netns, ip`addr show dev lo`, { capture: 'before' });
    const seen = needsIpProgram(call.environment) ? (await runPlan(look, options)).captures : undefined;
    const { captures } = await runPlan(plan, options).catch((thrown: unknown) => undone(call, netns, thrown, seen));
    const after = shown(captures.get('after'));
    const stray = after.addr_info.find((address) => !isLoopback(address.local));
    if (stray !== undefined) {
      if (!isUp(captures.get('before'))) await setDown(call, netns);
      throw strayError(stray.local);
    }
    return prevResult ?? resultOf(call.netns, after);
  });
}

/** A `lo` that was down is down again when something fails after it was set up. */
async function undone(
  call: AttachmentCall<NoKeys>,
  netns: Netns,
  thrown: unknown,
  seen: ReadonlyMap<string, unknown> | undefined,
): Promise<never> {
  const before = (seen ?? (thrown instanceof PlanError ? thrown.captures : undefined))?.get('before');
  if (before !== undefined && !isUp(before)) await setDown(call, netns);
  throw thrown;
}

/** Fails when `lo` is down. */
export async function check(call: AttachmentCall<NoKeys>): Promise<void> {
  await inContainer(call, async (netns) => {
    const plan = new Plan().inside(netns, ip`addr show dev lo`, { capture: 'lo' });
    const { captures } = await runPlan(plan, await runOptions(call.environment, 'loopback'));
    if (isUp(captures.get('lo'))) return;
    throw new CniError(
      ErrorCode.internal,
      'loopback interface is down',
      `namespace ${call.netns}: "lo" has no flag UP; \`ip link set lo up\` inside mends it`,
    );
  });
}

/** Sets `lo` down; a namespace that is gone needs nothing. */
export async function del(call: AttachmentCall<NoKeys>): Promise<void> {
  if (call.netns === '') return;
  try {
    await inContainer(call, (netns) => setDown(call, netns));
  } catch (thrown) {
    if (!isNetnsGone(thrown)) throw thrown;
  }
}

async function setDown(call: AttachmentCall<NoKeys>, netns: Netns): Promise<void> {
  const plan = new Plan().inside(netns, ip`link set dev lo down`, { failing: 'failed to set "lo" down' });
  await runPlan(plan, await runOptions(call.environment, 'loopback'));
}

async function inContainer<T>(call: AttachmentCall<NoKeys>, work: (netns: Netns) => Promise<T>): Promise<T> {
  const netns = openNetns(call.netns);
  try {
    return await work(netns);
  } finally {
    netns.close();
  }
}

/** ADD reports what the kernel put on `lo`: where a family is switched off it is not in the result. */
function resultOf(sandbox: string, lo: ShownLink): Result {
  const ips = ['inet', 'inet6'].flatMap((family): IpConfig[] => {
    const address = lo.addr_info.find((candidate) => candidate.family === family);
    return address === undefined ? [] : [{ address: `${address.local}/${address.prefixlen}`, interface: 0 }];
  });
  return { interfaces: [{ name: 'lo', mac: '00:00:00:00:00:00', sandbox }], ips };
}

function shown(capture: unknown): ShownLink {
  const [link] = Array.isArray(capture) ? (capture as readonly ShownLink[]) : [];
  if (link !== undefined) return link;
  throw new CniError(ErrorCode.internal, 'Link not found', '`ip addr show dev lo` printed no interface');
}

function isUp(capture: unknown): boolean {
  return shown(capture).flags.includes('UP');
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

function strayError(address: string): CniError {
  return new CniError(
    ErrorCode.internal,
    `loopback interface found with non-loopback address "${address}"`,
    `expected only 127.0.0.0/8 and ::1 on "lo"; \`ip addr del ${address} dev lo\` in the container's namespace removes it`,
  );
}

/** Where the kernel cannot be spoken to directly, no ADD can succeed until somebody installs `ip`. */
export async function status(call: Call<NoKeys>): Promise<void> {
  if (!needsIpProgram(call.environment)) return;
  try {
    findProgram('ip', call.environment);
  } catch (thrown) {
    throw notAvailable('loopback', `${toCniError(thrown)}; install iproute2`);
  }
}
