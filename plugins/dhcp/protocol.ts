import { BYTES, type GobType, INT, STRING, type StructType } from '../../pkg/gob/types.ts';

/** Where the daemon listens unless it is told otherwise. */
export const SOCKET_PATH = '/run/cni/dhcp.sock';

/** What the daemon can be asked for; `check` only that of this suite. */
export const METHOD = { allocate: 'DHCP.Allocate', check: 'DHCP.Check', release: 'DHCP.Release' } as const;

/** What a daemon answers that has no such method. */
export const NO_SUCH_METHOD = "rpc: can't find method";

/** What it is told of an attachment. */
export const CMD_ARGS = struct('CmdArgs', [
  ['ContainerID', STRING],
  ['Netns', STRING],
  ['IfName', STRING],
  ['Args', STRING],
  ['Path', STRING],
  ['NetnsOverride', STRING],
  ['StdinData', BYTES],
]);

const INTERFACE = struct('Interface', [
  ['Name', STRING],
  ['Mac', STRING],
  ['Mtu', INT],
  ['Sandbox', STRING],
  ['SocketPath', STRING],
  ['PciID', STRING],
]);

const IP_NET = struct('IPNet', [
  ['IP', BYTES],
  ['Mask', BYTES],
]);

const IP_CONFIG = struct('IPConfig', [
  ['Interface', INT],
  ['Address', IP_NET],
  ['Gateway', BYTES],
]);

const ROUTE = struct('Route', [
  ['Dst', IP_NET],
  ['GW', BYTES],
  ['MTU', INT],
  ['AdvMSS', INT],
  ['Priority', INT],
  ['Table', INT],
  ['Scope', INT],
]);

const TEXTS: GobType = { kind: 'slice', name: '[]string', element: STRING };

const DNS = struct('DNS', [
  ['Nameservers', TEXTS],
  ['Domain', STRING],
  ['Search', TEXTS],
  ['Options', TEXTS],
]);

/** What it gives. */
export const RESULT = struct('Result', [
  ['CNIVersion', STRING],
  ['Interfaces', { kind: 'slice', name: '[]*types100.Interface', element: INTERFACE }],
  ['IPs', { kind: 'slice', name: '[]*types100.IPConfig', element: IP_CONFIG }],
  ['Routes', { kind: 'slice', name: '[]*types.Route', element: ROUTE }],
  ['DNS', DNS],
]);

function struct(name: string, fields: readonly (readonly [string, GobType])[]): StructType {
  return { kind: 'struct', name, fields };
}
