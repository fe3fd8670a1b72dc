// `mallard completions SHELL`: a script that completes commands, their actions and options. The
// table of commands is handed in, for this command is one of its rows.
import { type Command, type CommandResult, succeeded } from "../command.ts";

/** What a shell completes of one command. */
interface Completed {
  readonly name: string;
  readonly doc: string;
  readonly actions: readonly string[];
  readonly options: readonly { readonly name: string; readonly takesValue: boolean }[];
}

const SHELLS = { bash, zsh, fish } as const satisfies Record<
  string,
  (commands: readonly Completed[]) => string
>;

/** Every command has these. */
const COMMON = [{ name: "config", takesValue: true }, { name: "help", takesValue: false }];

/** The row of COMMANDS, for the table that `all` returns. */
export function completionsCommand(all: () => Readonly<Record<string, Command>>) {
  return {
    args: ["SHELL"],
    doc: `print a script for ${Object.keys(SHELLS).join(", ")} that completes commands and options`,
    actions: Object.keys(SHELLS),
    example: "mallard completions bash > /etc/bash_completion.d/mallard",
    runsAnyway: true,
    run: ({ args: [shell = ""] }): Promise<CommandResult> => {
      const write = Object.hasOwn(SHELLS, shell) ? SHELLS[shell as keyof typeof SHELLS] : null;
      if (write === null) {
        throw new Error(
          `Cannot complete in ${shell}: it must be ${Object.keys(SHELLS).join(", ")}`,
        );
      }
      return Promise.resolve(succeeded(write(Object.entries(all()).map(completed))));
    },
  } as const satisfies Command;
}

function completed([name, { doc, actions = [], options = {} }]: [string, Command]): Completed {
  const own = Object.entries(options).map(([name, { type }]) => ({
    name,
    takesValue: type === "string",
  }));
  return { name, doc: (doc.split(/[;:.] /)[0] ?? doc).replaceAll("'", ""), actions, options: own };
}

function flags(options: Completed["options"]): string {
  return [...options, ...COMMON].map(({ name }) => `--${name}`).join(" ");
}

function bash(commands: readonly Completed[]): string {
  const rows = commands.map(({ name, actions, options }) =>
    `    ${name}) actions='${actions.join(" ")}'; options='${flags(options)}' ;;`
  );
  return `# bash completion of mallard
_mallard_reply() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do COMPREPLY+=("$line"); done
}
_mallard() {
  local word="\${COMP_WORDS[COMP_CWORD]}" command='' actions='' options='' at
  for ((at = 1; at < COMP_CWORD; at++)); do
    case "\${COMP_WORDS[at]}" in
    -c | --config) ((at++)) ;;
    -*) ;;
    *) command="\${COMP_WORDS[at]}"; break ;;
    esac
  done
  case "$command" in
    '') actions='${commands.map(({ name }) => name).join(" ")}'
      options='${flags([{ name: "version", takesValue: false }])}' ;;
${rows.join("\n")}
  esac
  if [[ $word == -* ]]; then
    _mallard_reply < <(compgen -W "$options" -- "$word")
    return
  fi
  [[ $command != '' && $at -lt $((COMP_CWORD - 1)) ]] && actions=''
  _mallard_reply < <(compgen -W "$actions" -- "$word"; [[ $command ]] && compgen -f -- "$word")
}
complete -o filenames -F _mallard mallard`;
}

function zsh(commands: readonly Completed[]): string {
  const names = commands.map(({ name, doc }) => `    '${name}:${doc.replaceAll(":", "\\:")}'`);
  const rows = commands.map(({ name, actions, options }) =>
    `    ${name}) actions=(${actions.join(" ")}); options=(${flags(options)}) ;;`
  );
  return `#compdef mallard
_mallard() {
  local -a commands actions options
  commands=(
${names.join("\n")}
  )
  if (( CURRENT == 2 )); then
    if [[ $PREFIX == -* ]]; then
      compadd -- ${flags([{ name: "version", takesValue: false }])}
    else
      _describe command commands
      _files
    fi
    return
  fi
  case $words[2] in
${rows.join("\n")}
  esac
  if [[ $PREFIX == -* ]]; then
    compadd -- $options
  else
    (( CURRENT == 3 )) && compadd -- $actions
    _files
  fi
}
compdef _mallard mallard`;
}

function fish(commands: readonly Completed[]): string {
  const lines = commands.flatMap(({ name, doc, actions, options }) => [
    `complete -c mallard -n __fish_use_subcommand -a ${name} -d '${doc}'`,
    ...actions.map((action) =>
      `complete -c mallard -n '__fish_seen_subcommand_from ${name}' -a ${action}`
    ),
    ...options.map(({ name: option, takesValue }) =>
      `complete -c mallard -n '__fish_seen_subcommand_from ${name}' -l ${option}` +
      (takesValue ? " -x" : "")
    ),
  ]);
  return [
    "# fish completion of mallard",
    ...COMMON.map(({ name, takesValue }) =>
      `complete -c mallard -l ${name}${takesValue ? " -r" : ""}`
    ),
    "complete -c mallard -n __fish_use_subcommand -l version",
    ...lines,
  ].join("\n");
}
