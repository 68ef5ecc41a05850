import { afterEach, describe, expect, test } from 'vitest';
import { expectUnchanged, takeSnapshot } from '../harness/snapshot.ts';
import { createPatient, type Patient } from './doctor-node.ts';
import { FAULTS } from './faults.ts';

/** The folders of libcni's cache, which a fault has made. */
const RESULTS = /^file \/var\/lib\/cni\/(cache|results|cache\/results) folder/;
/** Which address comes next, and what is known of the folder's times, is no part of what is mended. */
const MOVES = [/last_reserved_ip/, /\/networks\/\.cni-ts\//, /^file \/run\/netns\/pod-/, RESULTS];

/** The kernel gives links of new pods these a second later. */
const SETTLES = [/ fe80::|"fe80::/];

let patient: Patient | undefined;
afterEach(async () => {
  await patient?.host.dispose();
  patient = undefined;
});

const look = (node: Patient) => takeSnapshot(node.host, { pods: [], ignore: [...MOVES, ...SETTLES] });

describe('nothing is found', () => {
  test('on a node with living pods, and nothing is changed by looking', async () => {
    patient = await createPatient();
    const before = await takeSnapshot(patient.host, { ignore: SETTLES });
    const report = await patient.examine();
    expect(report).toMatchObject({ exitCode: 0, conflist: '/etc/cni/net.d/10-net.conflist', findings: [], fixed: [] });
    expect(await patient.examine('--fix')).toMatchObject({ exitCode: 0, findings: [], fixed: [] });
    const after = await takeSnapshot(patient.host, { ignore: SETTLES });
    expectUnchanged(before, after, 'cni doctor changed something');
  });
});

describe('what is planted is found, and nothing else', () => {
  test.each(Object.entries(FAULTS))('%s', async (_, { plant, found, isMended }) => {
    patient = await createPatient();
    const healthy = await look(patient);
    await plant(patient);
    const ill = await look(patient);

    const report = await patient.examine();
    expect(report.findings.map(({ check, severity }) => [check, severity])).toEqual(found.map(([a, b]) => [a, b]));
    for (const [index, [, , says]] of found.entries()) expect(report.findings[index]?.found).toMatch(says);
    for (const { means, mend, fixable } of report.findings) {
      expect([means.length > 10, mend.length > 3, fixable]).toEqual([true, true, isMended === true]);
    }
    expect(report.exitCode).toBe(found.some(([, severity]) => severity !== 'note') ? 1 : 0);
    expectUnchanged(ill, await look(patient), 'looking changed something');

    const mended = await patient.examine('--fix');
    if (isMended === true) {
      expect(mended).toMatchObject({ exitCode: 0, findings: [] });
      expect(mended.fixed.length).toBeGreaterThan(0);
      expectUnchanged(healthy, await look(patient), 'the node is not as it was before');
    } else {
      expect(mended).toEqual(report);
      expectUnchanged(ill, await look(patient), '--fix changed what is not safe to change');
    }
  });

  test('of enough kinds', () => {
    expect(Object.keys(FAULTS).length).toBeGreaterThanOrEqual(25);
  });
});

test('people are told what it means and what to do', async () => {
  patient = await createPatient();
  const { host } = patient;
  await host.run(['sh', '-c', 'echo 0 >/proc/sys/net/ipv4/ip_forward']);
  const { exitCode, stdout } = await host.run(['/opt/cni/bin/cni', 'doctor']);
  expect(exitCode).toBe(1);
  expect(stdout).toContain('network net, from /etc/cni/net.d/10-net.conflist\n');
  expect(stdout).toContain(
    'error: net.ipv4.ip_forward is 0 [forwarding]\n  containers reach nothing outside of this node',
  );
  expect(stdout).toContain('--fix, or: sysctl -w net.ipv4.ip_forward=1');
});
