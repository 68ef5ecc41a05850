/**
 * Prints everything that a CNI plugin could leave in the network namespace it runs in, for {@link readNetworkState}.
 * One shell for all of it, because a leak check runs after every test.
 */
export const NETWORK_STATE_SCRIPT = `
set -e
section() { printf '\\n## %s\\n' "$1"; }
section links; ip -j -d addr show
for family in -4 -6; do
  section "routing$family"; printf 'route show table all\\nrule show\\n' | ip -j -d "$family" -force -batch - || true
done
section qdisc; if command -v tc >/dev/null; then tc -j qdisc show; fi
rules=
if command -v nft >/dev/null; then rules=$(nft --stateless list ruleset); fi
section nft; printf '%s\\n' "$rules"
legacy=$(cat /proc/net/ip_tables_names /proc/net/ip6_tables_names 2>/dev/null) || true
saves=
# What they would save is in a table of nft's or in one that the old programs have asked the kernel for.
case "$rules" in *'table ip'*) saves='iptables-save ip6tables-save' ;; esac
if ! command -v nft >/dev/null; then saves='iptables-save ip6tables-save'; fi
if [ -n "$legacy" ]; then saves='iptables-save ip6tables-save iptables-legacy-save ip6tables-legacy-save'; fi
for save in $saves; do
  section "$save"; if command -v "$save" >/dev/null; then "$save" 2>/dev/null; fi
done
`;

/** Keys that count time or traffic, or follow from what other things do. */
const VOLATILE = /timer$|_time$|^expires$|^operstate$|^tentative$|^dadfailed$|^stats|^gc_|bytes$|packets$/;

/** Turns the output of {@link NETWORK_STATE_SCRIPT} into one line per link, address, route, rule, queue and filter rule. */
export function readNetworkState(output: string): readonly string[] {
  return output
    .split('\n## ')
    .slice(1)
    .flatMap((section) => {
      const [title = '', ...body] = section.split('\n');
      return readSection(title, body.join('\n').trim());
    });
}

function readSection(title: string, body: string): readonly string[] {
  if (body === '') return [];
  if (title === 'nft' || title.endsWith('-save')) return readRules(title, body);
  if (title.startsWith('routing')) return readRouting(title.slice('routing'.length), body);
  const items: readonly object[] = JSON.parse(body, steady);
  if (title === 'links') return items.flatMap(readLink);
  return items.map((item) => `${title} ${JSON.stringify(item)}`);
}

/** Routes and rules of a family, each list in a line of its own; what has a priority is a rule. */
function readRouting(family: string, body: string): readonly string[] {
  return body.split('\n').flatMap((list) => {
    const items: readonly object[] = JSON.parse(list, steady);
    return items.map((item) => `${'priority' in item ? 'rule' : 'route'}${family} ${JSON.stringify(item)}`);
  });
}

function readLink(link: { ifname?: string; addr_info?: readonly { local?: string; prefixlen?: number }[] }): string[] {
  const { addr_info: addresses = [], ...rest } = link;
  return [
    `link ${rest.ifname} ${JSON.stringify(rest)}`,
    ...addresses.map(({ local, prefixlen, ...details }) => {
      return `address ${rest.ifname} ${local}/${prefixlen} ${JSON.stringify(details)}`;
    }),
  ];
}

/** Lines with the headings they stand under, so that each means something on its own; without traffic counters. */
function readRules(program: string, body: string): readonly string[] {
  const headings: string[] = [];
  const rules: string[] = [];
  for (const line of body.split('\n').map((raw) => raw.replace(/\[\d+:\d+\]/, '').trim())) {
    if (line === '' || line === 'COMMIT' || line.startsWith('#')) continue;
    // A built-in chain that lets everything pass: it appears with the first look at its table and never goes.
    if (/^:\S+ ACCEPT$/.test(line)) continue;
    if (line.startsWith('*')) headings[0] = line;
    else if (line === '}') headings.pop();
    else rules.push([program, ...headings, line].join(' '));
    if (line.endsWith('{')) headings.push(line.slice(0, -1).trim());
  }
  return rules;
}

/** Of the flags only UP is somebody's will: the rest follows from the other end of the cable. */
function steady(this: unknown, key: string, value: unknown): unknown {
  if (VOLATILE.test(key)) return undefined;
  return key === 'flags' && Array.isArray(value) ? value.filter((flag) => flag === 'UP') : value;
}

/** Makes lines that occur more than once different from each other: a rule that is there twice is not one rule. */
export function distinctLines(lines: readonly string[]): ReadonlySet<string> {
  const counts = new Map<string, number>();
  const distinct = lines.map((line) => {
    const count = (counts.get(line) ?? 0) + 1;
    counts.set(line, count);
    return count === 1 ? line : `${line} (${count})`;
  });
  return new Set(distinct);
}

/** What came and what went between two lists of lines, as lines that begin with `+` or `-`. */
export function compareLines(before: ReadonlySet<string>, after: ReadonlySet<string>): readonly string[] {
  const added = [...after].filter((line) => !before.has(line)).map((line) => `+ ${line}`);
  const removed = [...before].filter((line) => !after.has(line)).map((line) => `- ${line}`);
  return [...added, ...removed];
}
