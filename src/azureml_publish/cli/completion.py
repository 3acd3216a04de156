"""`publish completion`: what a shell needs to complete command lines."""

from __future__ import annotations

import click

from azureml_publish.cli.output import write
from azureml_publish.completion import WORD

_NAMES = "publish azureml-publish"
_SCRIPTS = {
    "bash": f"""\
_publish_complete() {{
    local line="${{COMP_LINE:0:COMP_POINT}}" value breaks="${{COMP_WORDBREAKS//[^=:]/}}"
    COMPREPLY=()
    while IFS=$'\\t' read -r value _; do
        COMPREPLY+=("$value")
    done < <("${{COMP_WORDS[0]}}" {WORD} --line "$line" 2>/dev/null)
    line="${{line##*[[:space:]]}}"
    if [[ $breaks && $line == *[$breaks]* ]]; then
        value="${{line%"${{line##*[$breaks]}}"}}"
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
    for line in "${{(@f)$("${{(Q)words[1]}}" {WORD} "=${{(Q)PREFIX}}" "${{(@Q)words[2,CURRENT-1]}}" 2>/dev/null)}}"; do
        [[ -n $line ]] && found+=("${{${{${{line%$'\\t'}}//:/\\\\:}}/$'\\t'/:}}")
    done
    if (( $#found )); then _describe -V publish found; else compset -P '--*='; _files; fi
}}
compdef _publish_complete {_NAMES}
""",
    "fish": f"""\
function __publish_complete
    set -l words (commandline -opc)
    set -l found ($words[1] {WORD} --line (commandline -cp | string collect) 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        set -l token (commandline -ct | string trim --left --chars '"\\'')
        set -l option (string match -r -- '^--[^=]*=' $token)
        printf '%s\\n' "$option"(__fish_complete_path (string replace -- "$option" '' $token))
    end
end
complete -c publish -k -f -a '(__publish_complete)'
complete -c azureml-publish -k -f -a '(__publish_complete)'
""",
    "powershell": f"""\
Register-ArgumentCompleter -Native -CommandName publish, azureml-publish -ScriptBlock {{
    param($word, $ast, $position)
    $words = @($ast.CommandElements | Where-Object {{ $_.Extent.EndOffset -lt $position }} | ForEach-Object {{
        if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) {{ $_.Value }} else {{ "$_" }}
    }})
    $before = @($words | Select-Object -Skip 1)
    & $words[0] {WORD} "=$word" @before 2>$null | ForEach-Object {{
        $value, $help = $_ -split "`t", 2
        if (-not $help) {{ $help = $value }}
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $help)
    }}
}}
""",
}


@click.command("completion")
@click.argument("shell", metavar="SHELL", type=click.Choice([*_SCRIPTS]))
def command(shell: str) -> None:
    """Print what SHELL needs to complete verbs, options, models, versions, registries, presets, families and rules.

    \b
    bash:        eval "$(publish completion bash)"          in ~/.bashrc
    zsh:         eval "$(publish completion zsh)"           in ~/.zshrc, after compinit
    fish:        publish completion fish | source           in ~/.config/fish/config.fish
    PowerShell:  publish completion powershell | Out-String | Invoke-Expression    in $PROFILE
    """  # noqa: D301 - click wants the character
    write(_SCRIPTS[shell])
