/** The versions of the CNI specification, oldest first. */
export const SPEC_VERSIONS = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;

/** A version of the CNI specification that this suite speaks. */
export type SpecVersion = (typeof SPEC_VERSIONS)[number];

/** The newest version of the specification; internal documents have its shape. */
export const LATEST_VERSION: SpecVersion = '1.1.0';

/** Whether a text is a version of the specification, to the letter. */
export function isSpecVersion(text: string): text is SpecVersion {
  return (SPEC_VERSIONS as readonly string[]).includes(text);
}

/** A version's three numbers; missing minor and micro count as 0. */
export type VersionNumbers = readonly [major: number, minor: number, micro: number];

const PART_NAMES = ['major', 'minor', 'micro'] as const;

/** Parses `MAJOR[.MINOR[.MICRO]]`; throws a plain `Error` whose message says which part is wrong. */
export function parseVersion(text: string): VersionNumbers {
  const parts = text.split('.');
  if (parts.length > 3) throw new Error(`invalid version "${text}": too many parts`);
  const numbers: [number, number, number] = [0, 0, 0];
  parts.forEach((part, index) => {
    if (!/^[+-]?[0-9]{1,15}$/.test(part)) {
      throw new Error(
        `failed to convert ${PART_NAMES[index]} version part "${part}": strconv.Atoi: parsing "${part}": invalid syntax`,
      );
    }
    numbers[index] = Number(part);
  });
  return numbers;
}

/** Negative when `a` is older than `b`, 0 when they are the same version, positive otherwise. */
export function compareVersions(a: VersionNumbers, b: VersionNumbers): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

/**
 * The versions whose result documents have the same shape.
 *
 * - `pair`: at most one address of each family, under `ip4` and `ip6`; `''` is how old documents say 0.1.0;
 * - `numbered`: lists, each address with its IP `version`;
 * - `current`: lists, with what 1.1.0 added to interfaces and routes.
 */
export const RESULT_FAMILIES = {
  pair: ['', '0.1.0', '0.2.0'],
  numbered: ['0.3.0', '0.3.1', '0.4.0'],
  current: ['1.0.0', '1.1.0'],
} as const;

/** Name of a result document's shape. */
export type ResultFamily = keyof typeof RESULT_FAMILIES;

/** The shape of a version's result documents; `undefined` for a version that is not known. */
export function resultFamily(version: string): ResultFamily | undefined {
  for (const [family, versions] of Object.entries(RESULT_FAMILIES)) {
    if ((versions as readonly string[]).includes(version)) return family as ResultFamily;
  }
  return undefined;
}
