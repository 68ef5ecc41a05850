import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { ROOT } from '../../../scripts/lib/project.ts';
import { busybox } from './programs.ts';

/** The name of the image that all pods are made of. */
export const IMAGE = 'localhost/pod:1';

/** Who asks a pod over HTTP is told the pod's host name and the address that the question came from. */
const ANSWER = `#!/bin/sh
echo 'Content-Type: text/plain'
echo
echo "$(hostname) $REMOTE_ADDR"
`;

/** What a pod runs when nothing else is asked for, so that a pod without containers answers too. */
const COMMAND = ['/bin/httpd', '-f', '-p', '80', '-h', '/www'];

const APPLETS = ['httpd', 'hostname', 'ip', 'ping', 'sh', 'sleep', 'timeout', 'wget'];

/** Moves with everything that the image is made of. */
const KEY = createHash('sha256')
  .update(JSON.stringify([busybox, IMAGE, ANSWER, COMMAND, APPLETS]))
  .digest('hex');

/** An image of one layer, made without a network: an OCI layout and a docker archive at once, so everybody reads it. */
export async function podImage(): Promise<string> {
  const image = join(ROOT, '.cache/runtimes', `pod-${KEY.slice(0, 12)}.tar`);
  if (existsSync(image)) return image;
  const work = mkdtempSync(join(ROOT, '.cache/runtimes/.image-'));
  try {
    await pack(work, join(work, 'image.tar'));
    renameSync(join(work, 'image.tar'), image);
  } finally {
    rmSync(work, { recursive: true });
  }
  return image;
}

async function pack(work: string, image: string): Promise<void> {
  const blobs = join(work, 'image/blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const keep = (file: string) => describeBlob(file, blobs);
  const layer = await keep(await packLayer(work));
  const config = await keep(
    writeJson(work, {
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: { Env: ['PATH=/bin'], Cmd: COMMAND, WorkingDir: '/' },
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
    }),
  );
  const manifest = await keep(
    writeJson(work, {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer }],
    }),
  );
  const annotations = { 'io.containerd.image.name': IMAGE, 'org.opencontainers.image.ref.name': IMAGE.split(':')[1] };
  const entry = { mediaType: 'application/vnd.oci.image.manifest.v1+json', ...manifest, annotations };
  const path = ({ digest }: { readonly digest: string }) => `blobs/${digest.replace(':', '/')}`;
  const archive = [{ Config: path(config), RepoTags: [IMAGE], Layers: [path(layer)] }];
  writeFileSync(join(work, 'image/oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  writeFileSync(join(work, 'image/index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  writeFileSync(join(work, 'image/manifest.json'), JSON.stringify(archive));
  const members = ['oci-layout', 'index.json', 'manifest.json', 'blobs'];
  await execa('tar', ['-C', join(work, 'image'), '-cf', image, ...members]);
}

async function packLayer(work: string): Promise<string> {
  const root = join(work, 'root');
  for (const folder of ['bin', 'etc', 'tmp', 'proc', 'sys', 'dev', 'www/cgi-bin']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  copyFileSync(busybox, join(root, 'bin/busybox'));
  for (const applet of APPLETS) symlinkSync('busybox', join(root, 'bin', applet));
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\n');
  writeFileSync(join(root, 'www/cgi-bin/who'), ANSWER);
  chmodSync(join(root, 'www/cgi-bin/who'), 0o755);
  const layer = join(work, 'layer.tar');
  await execa('tar', ['--owner=0', '--group=0', '--numeric-owner', '-C', root, '-cf', layer, '.']);
  return layer;
}

/** Puts a file where its content says it belongs, and says how others refer to it. */
async function describeBlob(file: string, blobs: string): Promise<{ readonly digest: string; readonly size: number }> {
  const { stdout } = await execa('sha256sum', [file]);
  const [hash = ''] = stdout.split(' ');
  const { size } = statSync(file);
  renameSync(file, join(blobs, hash));
  return { digest: `sha256:${hash}`, size };
}

function writeJson(work: string, document: object): string {
  const file = join(work, 'document.json');
  writeFileSync(file, JSON.stringify(document));
  return file;
}
