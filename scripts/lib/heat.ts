import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { type Arch, runs } from './engine.ts';

/** A call that is made while an executable is built: what it writes to in its picture of memory, others will too. */
export interface SampleCall {
  /** The name it is called by. */
  readonly name: string;
  readonly variables: Readonly<Record<string, string>>;
  /** What is on stdin; FOLDER in it stands for one that is empty at first. */
  readonly configuration?: object;
}

const HOST_LOCAL = { type: 'host-local', dataDir: 'FOLDER', ranges: [[{ subnet: '10.1.0.0/16' }]] };
const NETWORK = { cniVersion: '1.0.0', name: 'net' };
const BRIDGE = { ...NETWORK, type: 'bridge', bridge: 'cni0', isGateway: true, ipMasq: true, ipam: HOST_LOCAL };
const ATTACHMENT = { CNI_CONTAINERID: 'x', CNI_NETNS: '/nowhere', CNI_IFNAME: 'eth0', CNI_PATH: '/nowhere' };

/**
 * What all calls do comes first. The others do what is the same on every machine and touches nothing of it: leases in a
 * folder of their own, and ADDs up to where the container's namespace is not there.
 */
export const SAMPLE_CALLS: readonly SampleCall[] = [
  { name: 'loopback', variables: { CNI_COMMAND: 'VERSION' } },
  ...['ADD', 'CHECK', 'DEL'].map((verb) => hostLocal(verb)),
  {
    name: 'loopback',
    variables: { ...ATTACHMENT, CNI_COMMAND: 'ADD' },
    configuration: { ...NETWORK, type: 'loopback' },
  },
  { name: 'bridge', variables: { ...ATTACHMENT, CNI_COMMAND: 'ADD' }, configuration: BRIDGE },
];

function hostLocal(verb: string): SampleCall {
  const prevResult = { cniVersion: '1.0.0', ips: [{ address: '10.1.0.2/16' }] };
  const configuration = { ...NETWORK, type: 'bridge', ipam: HOST_LOCAL, ...(verb === 'CHECK' ? { prevResult } : {}) };
  return { name: 'host-local', variables: { ...ATTACHMENT, CNI_COMMAND: verb }, configuration };
}

/** Pieces that the first call writes to, that another one does, and all others; see runtime/host/heat.c. */
const HEAT = { first: 0, other: 1, none: 2 } as const;

/** What an executable without a picture is given on stdin when it is to make one, so that these calls find it in order. */
export async function heatOf(executable: string, arch: Arch, calls: readonly SampleCall[]): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'cni-ts-heat-'));
  try {
    let heats: Uint32Array | undefined;
    for (const { name, variables, configuration = {} } of calls) {
      const file = join(folder, 'heat');
      const { command, args } = runs(arch, executable, name);
      const { stderr } = await execa(command, args, {
        argv0: name,
        env: { ...variables, CNI_TS_HEAT: file, CNI_TS_RUN_DIR: folder },
        extendEnv: false,
        input: JSON.stringify(configuration).replace('FOLDER', folder),
        // Calls about a namespace that is nowhere fail.
        reject: false,
      });
      if (!existsSync(file)) throw new Error(`a call of ${name} while the executable is built ended early: ${stderr}`);
      const pieces = wordsOf(readFileSync(file));
      rmSync(file);
      const heat = heats === undefined ? HEAT.first : HEAT.other;
      heats ??= pieces.map((piece) => sizeOf(piece) + HEAT.none);
      for (const [index, piece] of pieces.entries()) {
        const known = heats[index] ?? 0;
        if (piece !== sizeOf(piece) && known % 4 === HEAT.none) heats[index] = sizeOf(known) + heat;
      }
    }
    return Buffer.from(heats?.buffer ?? new ArrayBuffer(0));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function wordsOf(bytes: Buffer): Uint32Array {
  return new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

function sizeOf(piece: number): number {
  return piece - (piece % 4);
}
