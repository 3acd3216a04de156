"""`publish completion`: what a shell needs to complete command lines."""

from __future__ import annotations

import click

from azureml_publish.cli.output import write
from azureml_publish.completion import WORD

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


@click.command("completion")
@click.argument("shell", type=click.Choice([*_SCRIPTS]))
def command(shell: str) -> None:
    r"""Print what SHELL needs to complete verbs, options, models, versions, registries, presets, families and rules.

    \b
    bash:        eval "$(publish completion bash)"          in ~/.bashrc
    zsh:         eval "$(publish completion zsh)"           in ~/.zshrc, after compinit
    fish:        publish completion fish | source           in ~/.config/fish/config.fish
    PowerShell:  publish completion powershell | Out-String | Invoke-Expression    in $PROFILE
    """
    write(_SCRIPTS[shell])
