"""`publish completion`: what a shell needs to complete command lines; and the table that answers are made from."""

from __future__ import annotations

from typing import Any

import click

from azureml_publish.cli.output import write
from azureml_publish.completion import WORD
from azureml_publish.lint.built_in import BUILT_IN

_NAMES = "publish azureml-publish"
_SCRIPTS = {
    "bash": f"""\
_publish_complete() {{
    local line="${{COMP_LINE:0:COMP_POINT}}" current value words
    read -ra words <<< "$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    current="${{words[${{#words[@]}}-1]}}"
    unset "words[${{#words[@]}}-1]"
    COMPREPLY=()
    while IFS=$'\\t' read -r value _; do
        COMPREPLY+=("$value")
    done < <("${{words[0]}}" {WORD} "=$current" "${{words[@]:1}}" 2>/dev/null)
    if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
        value="${{current%"${{current##*:}}"}}"
        COMPREPLY=("${{COMPREPLY[@]#"$value"}}")
    fi
}}
complete -o default -F _publish_complete {_NAMES}
""",
    "zsh": f"""\
#compdef {_NAMES}
_publish_complete() {{
    local line
    local -a found
    for line in "${{(@f)$("${{words[1]}}" {WORD} "=${{words[CURRENT]}}" "${{(@)words[2,CURRENT-1]}}" 2>/dev/null)}}"; do
        [[ -n $line ]] && found+=("${{${{line%%$'\\t'*}}//:/\\\\:}}:${{line#*$'\\t'}}")
    done
    if (( $#found )); then _describe -V publish found; else _files; fi
}}
compdef _publish_complete {_NAMES}
""",
    "fish": f"""\
function __publish_complete
    set -l words (commandline -opc)
    set -l found ($words[1] {WORD} "="(commandline -ct) $words[2..] 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c publish -f -a '(__publish_complete)'
complete -c azureml-publish -f -a '(__publish_complete)'
""",
    "powershell": f"""\
Register-ArgumentCompleter -Native -CommandName publish, azureml-publish -ScriptBlock {{
    param($word, $ast, $position)
    $words = @($ast.CommandElements | ForEach-Object {{ "$_" }})
    $before = @($words | Select-Object -Skip 1)
    if ($word -and $before.Count) {{ $before = @($before | Select-Object -SkipLast 1) }}
    & $words[0] {WORD} "=$word" @before 2>$null | ForEach-Object {{
        $value, $help = $_ -split "`t", 2
        if (-not $help) {{ $help = $value }}
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $help)
    }}
}}
""",
}
_KINDS = {
    "models": "models",
    "model": "models",
    "names": "models",
    "rule": "rules",
    "select": "rules",
    "registry": "registries",
    "source": "registries",
    "families": "families",
    "presets": "presets",
    "include": "sizes",
    "exclude": "sizes",
    "what": "sizes",
}
"""What parameters of these names take."""


@click.command("completion")
@click.argument("shell", type=click.Choice([*_SCRIPTS]))
def command(shell: str) -> None:
    r"""Print what SHELL needs to complete verbs, options, models, versions, registries, presets, families and rules.

    \b
    bash:        eval "$(publish completion bash)"          in ~/.bashrc
    zsh:         eval "$(publish completion zsh)"           in ~/.zshrc, behind compinit
    fish:        publish completion fish | source           in ~/.config/fish/config.fish
    PowerShell:  publish completion powershell | Out-String | Invoke-Expression    in $PROFILE
    """
    write(_SCRIPTS[shell])


def table(group: click.Group, helps: dict[str, str]) -> dict[str, Any]:
    """Verbs, options and rules as `completions.json` has them, from the command line itself."""
    context = click.Context(group)
    verbs: dict[str, Any] = {}
    for name in group.list_commands(context):
        one = group.get_command(context, name)
        if isinstance(one, click.Group):
            for inner in one.list_commands(context):
                command_below = one.get_command(context, inner)
                if command_below is not None:
                    verbs[f"{name} {inner}"] = _entry(command_below, command_below.get_short_help_str(80))
        elif one is not None:
            verbs[name] = _entry(one, helps[name])
    rules = {rule.code: rule.name for rule in sorted(BUILT_IN, key=lambda rule: rule.code)}
    return {"shared": _entry(group, "")["options"], "verbs": verbs, "rules": rules}


def _entry(one: click.Command, help_text: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    argument: dict[str, Any] | None = None
    for parameter in one.params:
        values = [*parameter.type.choices] if isinstance(parameter.type, click.Choice) else []
        metavar = str(getattr(parameter, "metavar", "") or "")
        kind = "versions" if "VERSION]" in metavar else _KINDS.get(parameter.name or "", "")
        if metavar == "GLOB":
            kind = ""
        if parameter.name == "ignore" and metavar == "RULES":
            kind = "rules"
        if parameter.name == "target" and metavar == "NAME":
            kind = "registries"
        if isinstance(parameter, click.Option):
            entry = {"flag": parameter.is_flag, "kind": kind, "values": values}
            for name in (*parameter.opts, *parameter.secondary_opts):
                options[name] = {**entry, "help": (parameter.help or "").split("\n")[0]}
        elif argument is None:
            argument = {"kind": kind, "values": values}
    return {"help": help_text, "options": options, "argument": argument}
