// `lumi completion bash|zsh|fish`: the shell asks `lumi __complete` for the words that can come next.
import type { Command } from 'commander';
import { Ending, NOT_UNDERSTOOD } from './ending';

const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_lumi() {
  local IFS=$'\\n'
  local found="$(lumi __complete "\${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null)"
  COMPREPLY=($(compgen -W "$found" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _lumi lumi
`,
  zsh: `#compdef lumi
_lumi() {
  local -a found
  found=(\${(f)"$(lumi __complete "\${(@)words[2,CURRENT-1]}" 2>/dev/null)"})
  compadd -- $found
}
compdef _lumi lumi
`,
  fish: `complete -c lumi -f -a '(lumi __complete (commandline -opc)[2..-1] 2>/dev/null)'
`,
};

export function completionScript(shell: string): string {
  const script = SCRIPTS[shell];
  if (script === undefined) throw new Ending(NOT_UNDERSTOOD, `Shells: ${Object.keys(SCRIPTS).join(', ')}.`);
  return script;
}

/** Commands, and after them options, that can follow these words. */
export function completions(program: Command, words: readonly string[]): string[] {
  let at = program;
  for (const word of words) at = at.commands.find((one) => one.name() === word) ?? at;
  const commands = at.commands.map((one) => one.name()).filter((name) => !name.startsWith('__'));
  return commands.length > 0
    ? commands
    : [...at.options, ...program.options].flatMap(({ long }) => (long === null || long === undefined ? [] : [long]));
}
