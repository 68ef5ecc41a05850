import { Bus, BusError, systemBusPath } from '../../pkg/dbus/bus.ts';
import type { Environment } from '../../pkg/skel/plugin.ts';
import { statusOf } from '../../pkg/sys/files/files.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import type { HostAddress } from './settings.ts';

const NAME = 'org.fedoraproject.FirewallD1';
const PATH = '/org/fedoraproject/FirewallD1';
const ZONE_INTERFACE = `${NAME}.zone`;

/** How long an answer may take; firewalld may be in the midst of loading all its rules. */
const PATIENCE_MS = 30_000;

/** Whether firewalld runs on this host. */
export async function firewalldRuns(environment: Environment): Promise<boolean> {
  const path = systemBusPath(environment);
  try {
    if (path === undefined || statusOf(path) === undefined) return false;
    return await onBus(path, (bus) => bus.hasOwner(NAME));
  } catch {
    // Where the bus cannot be asked nobody can be told either.
    return false;
  }
}

/** Puts addresses into a zone; one that is in it already is fine. */
export async function addSources(
  environment: Environment,
  zone: string,
  addresses: readonly HostAddress[],
): Promise<void> {
  await onBus(busPath(environment), async (bus) => {
    for (const address of addresses) {
      try {
        await bus.call(zoneCall('addSource', zone, address));
      } catch (thrown) {
        if (!isAbout(thrown, 'ZONE_ALREADY_SET'))
          throw failure(`failed to add the address ${address.text} to ${zone} zone`, thrown);
      }
    }
  });
}

/** Takes addresses out of a zone; fine when they are not in it, or nobody runs any more who would care. */
export async function removeSources(
  environment: Environment,
  zone: string,
  addresses: readonly HostAddress[],
): Promise<void> {
  if (!(await firewalldRuns(environment))) return;
  await onBus(busPath(environment), async (bus) => {
    for (const address of addresses) {
      try {
        await bus.call(zoneCall('removeSource', zone, address));
      } catch (thrown) {
        if (!isAbout(thrown, 'UNKNOWN_SOURCE') && !isAbout(thrown, 'INVALID_ZONE')) throw thrown;
      }
    }
  });
}

/** Which addresses are not in a zone, one line each. */
export async function missingSources(
  environment: Environment,
  zone: string,
  addresses: readonly HostAddress[],
): Promise<string[]> {
  const missing: string[] = [];
  await onBus(busPath(environment), async (bus) => {
    for (const address of addresses) {
      const message = `failed to find the address ${address.text} in ${zone} zone`;
      try {
        if ((await bus.call(zoneCall('querySource', zone, address))) !== true) missing.push(message);
      } catch (thrown) {
        missing.push(failure(message, thrown).message);
      }
    }
  });
  return missing;
}

function zoneCall(member: string, zone: string, { family, text }: HostAddress) {
  const source = `${text}/${family === 4 ? 32 : 128}`;
  return { destination: NAME, path: PATH, interface: ZONE_INTERFACE, member, args: [zone, source] };
}

async function onBus<T>(path: string, work: (bus: Bus) => Promise<T>): Promise<T> {
  const bus = await Bus.connect(path, PATIENCE_MS);
  try {
    return await work(bus);
  } finally {
    bus.close();
  }
}

function busPath(environment: Environment): string {
  const path = systemBusPath(environment);
  if (path !== undefined) return path;
  throw new CniError(
    ErrorCode.internal,
    'no address of the system bus',
    `DBUS_SYSTEM_BUS_ADDRESS is ${JSON.stringify(environment['DBUS_SYSTEM_BUS_ADDRESS'])}, expected unix:path=…`,
  );
}

function isAbout(thrown: unknown, word: string): boolean {
  return thrown instanceof BusError && thrown.message.includes(word);
}

function failure(message: string, thrown: unknown): CniError {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new CniError(ErrorCode.internal, `${message}: ${reason}`, 'firewalld has refused it', { cause: thrown });
}
