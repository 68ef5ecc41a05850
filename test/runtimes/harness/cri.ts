import { callOverSocket } from './grpc.ts';
import { decode, encode, type Message, type Shape } from './protobuf.ts';

/** A port of the host that leads to a pod. */
export interface HostPort {
  readonly hostPort: number;
  readonly containerPort: number;
  readonly hostIp?: string;
}

/** A pod as kubelet asks for it. */
export interface PodRequest {
  readonly name: string;
  /** Below which all its cgroups are. */
  readonly cgroup: string;
  readonly ports?: readonly HostPort[];
}

/** What the runtime says about a pod. */
export interface PodStatus {
  readonly isReady: boolean;
  readonly ip: string;
  readonly moreIps: readonly string[];
}

/** Whether pods can have a network, and why not. */
export interface NetworkReady {
  readonly isReady: boolean;
  readonly message: string;
}

/** The Container Runtime Interface, as far as a pod and its network go. */
export interface Cri {
  /** The version of the runtime. */
  version(): Promise<string>;
  networkReady(): Promise<NetworkReady>;
  /** Gives the pod's id. */
  runPod(request: PodRequest): Promise<string>;
  podStatus(id: string): Promise<PodStatus>;
  stopPod(id: string): Promise<void>;
  removePod(id: string): Promise<void>;
}

const METADATA: Shape = { name: [1, 'text'], uid: [2, 'text'], namespace: [3, 'text'] };
const PORT: Shape = { container_port: [2, 'number'], host_port: [3, 'number'], host_ip: [4, 'text'] };
const POD: Shape = {
  metadata: [1, METADATA],
  hostname: [2, 'text'],
  port_mappings: [5, PORT, 'list'],
  linux: [8, { cgroup_parent: [1, 'text'] }],
};
const ID: Shape = { pod_sandbox_id: [1, 'text'] };
const CONDITION: Shape = { type: [1, 'text'], status: [2, 'flag'], reason: [3, 'text'], message: [4, 'text'] };
const NETWORK: Shape = { ip: [1, 'text'], additional_ips: [2, { ip: [1, 'text'] }, 'list'] };

/** Requests and answers, with the numbers of k8s.io/cri-api. */
const METHODS = {
  Version: [{}, { runtime_version: [3, 'text'] }],
  Status: [{}, { status: [1, { conditions: [1, CONDITION, 'list'] }] }],
  RunPodSandbox: [{ config: [1, POD] }, ID],
  PodSandboxStatus: [ID, { status: [1, { state: [3, 'number'], network: [5, NETWORK] }] }],
  StopPodSandbox: [ID, {}],
  RemovePodSandbox: [ID, {}],
} as const satisfies Readonly<Record<string, readonly [Shape, Shape]>>;

/** Speaks to the runtime behind a socket as kubelet does. */
export function connectCri(socket: string): Cri {
  const call = async (method: keyof typeof METHODS, request: Message): Promise<Message> => {
    const [question, answer] = METHODS[method];
    const path = `/runtime.v1.RuntimeService/${method}`;
    return decode(answer, await callOverSocket(socket, path, encode(question, request)));
  };
  return {
    async version() {
      return String((await call('Version', {}))['runtime_version']);
    },
    async networkReady() {
      const { status } = (await call('Status', {})) as { readonly status: { readonly conditions: readonly Message[] } };
      const found = status.conditions.find(({ type }) => type === 'NetworkReady');
      if (found === undefined) throw new Error('the runtime says nothing about the network');
      return { isReady: found['status'] === true, message: String(found['message']) };
    },
    async runPod({ name, cgroup, ports = [] }) {
      const config = {
        metadata: { name, uid: `uid-of-${name}`, namespace: 'default' },
        hostname: name,
        port_mappings: ports.map(({ hostPort, containerPort, hostIp = '' }) => {
          return { container_port: containerPort, host_port: hostPort, host_ip: hostIp };
        }),
        linux: { cgroup_parent: cgroup },
      };
      return String((await call('RunPodSandbox', { config }))['pod_sandbox_id']);
    },
    async podStatus(id) {
      const { status } = (await call('PodSandboxStatus', { pod_sandbox_id: id })) as {
        readonly status: {
          readonly state: number;
          readonly network?: { readonly ip: string; readonly additional_ips: readonly { readonly ip: string }[] };
        };
      };
      const { ip = '', additional_ips: more = [] } = status.network ?? {};
      return { isReady: status.state === 0, ip, moreIps: more.map((each) => each.ip) };
    },
    async stopPod(id) {
      await call('StopPodSandbox', { pod_sandbox_id: id });
    },
    async removePod(id) {
      await call('RemovePodSandbox', { pod_sandbox_id: id });
    },
  };
}
