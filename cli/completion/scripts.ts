/** A command as a shell completes it. */
export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly CompletedOption[];
  /** Whether it takes the path of a network namespace. */
  readonly netns: boolean;
}

/** An option as a shell completes it. */
export interface CompletedOption {
  readonly long: string;
  readonly short?: string;
  readonly takesValue: boolean;
}

/** The script for bash; it needs nothing but bash. */
export function bashScript(commands: readonly CompletedCommand[], plugins: readonly string[]): string {
  const names = commands.map(({ name }) => name);
  const cases = commands.map(({ name, options, netns }) => {
    const words = options.flatMap((option) => flagsOf(option)).join(' ');
    return `    ${name}) options='${words}'; netns=${netns ? 'yes' : 'no'} ;;`;
  });
  const values = [...new Set(commands.flatMap(({ options }) => options.filter(({ takesValue }) => takesValue)))];
  const valued = [...new Set(values.flatMap((option) => flagsOf(option)))];
  return `# bash completion of cni, made by "cni completion bash"
_cni() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} options='' netns=no
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${names.join(' ')}' -- "$current"))
    return
  fi
  case \${COMP_WORDS[1]} in
    help) COMPREPLY=($(compgen -W '${[...names, ...plugins].join(' ')}' -- "$current")); return ;;
    completion) [ "$COMP_CWORD" -eq 2 ] && COMPREPLY=($(compgen -W 'bash zsh fish' -- "$current")); [ "\${current#-}" = "$current" ] && return ;;
  esac
  case $previous in
    ${valued.length === 0 ? "''" : valued.join('|')}) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
  esac
  case $current in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
    /*) [ "$netns" = yes ] && COMPREPLY=($(compgen -f -- "$current")) ;;
    *) [ "$netns" = yes ] && [ "$COMP_CWORD" -ge 3 ] && COMPREPLY=($(compgen -W '/run/netns/' -- "$current")) && compopt -o nospace 2>/dev/null ;;
  esac
}
complete -o filenames -F _cni cni
`;
}

/** The script for zsh, in a folder of its \`fpath\` under the name \`_cni\`. */
export function zshScript(commands: readonly CompletedCommand[], plugins: readonly string[]): string {
  const described = commands.map(({ name, summary }) => `    ${single(`${name}:${summary}`)}`);
  const cases = commands.map(({ name, options, netns }) => {
    const specs = options.flatMap((option) =>
      flagsOf(option).map((flag) => single(`${flag}${option.takesValue ? ':value:_files' : ''}`)),
    );
    const rest = netns ? ` '1:network:' '2:namespace:_files -W /run/netns'` : '';
    return `    ${name}) _arguments ${specs.join(' ')}${rest} ;;`;
  });
  return `#compdef cni
# zsh completion of cni, made by "cni completion zsh"
_cni() {
  local -a commands
  commands=(
${described.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
    help) _describe command commands; compadd -- ${plugins.join(' ')} ;;
    completion) compadd -- bash zsh fish ;;
${cases.filter((line) => !/^ {4}(help|completion)\)/.test(line)).join('\n')}
  esac
}
if [ "$funcstack[1]" = _cni ]; then _cni "$@"; else compdef _cni cni; fi
`;
}

/** The script for fish. */
export function fishScript(commands: readonly CompletedCommand[], plugins: readonly string[]): string {
  const lines = ['# fish completion of cni, made by "cni completion fish"', 'complete -c cni -f'];
  for (const { name, summary, options, netns } of commands) {
    lines.push(`complete -c cni -n __fish_use_subcommand -a ${name} -d ${single(summary)}`);
    const condition = `-n '__fish_seen_subcommand_from ${name}'`;
    for (const { long, short, takesValue } of options) {
      const own = `${short === undefined ? '' : ` -s ${short}`} -l ${long}${takesValue ? ' -r -F' : ''}`;
      lines.push(`complete -c cni ${condition}${own}`);
    }
    if (netns) lines.push(`complete -c cni ${condition} -a '(__fish_complete_path /run/netns/)'`);
  }
  const names = commands.map(({ name }) => name);
  lines.push(`complete -c cni -n '__fish_seen_subcommand_from help' -a '${[...names, ...plugins].join(' ')}'`);
  lines.push(`complete -c cni -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'`);
  return `${lines.join('\n')}\n`;
}

function flagsOf({ long, short }: CompletedOption): readonly string[] {
  return [`--${long}`, ...(short === undefined ? [] : [`-${short}`])];
}

function single(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
