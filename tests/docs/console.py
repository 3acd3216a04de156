"""The commands of a page and what it shows below them, and a shell that runs them one after another."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import REPOSITORY

SHELLS = ("console", "sh")
STANDS_FOR = (
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[.\d]*(Z|\+00:00)?"), "DAY AND TIME"),
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "DIGEST"),
)
"""What differs from run to run, or with every release: times, and digests of texts that the templates make."""

_PROGRAM = """
import ctypes, os, signal, sys
if prctl := getattr(ctypes.CDLL(None), "prctl", None):
    prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
os.execvp(sys.argv[1], sys.argv[1:])
"""
ENDING = (sys.executable, "-c", _PROGRAM)
"""Before a command: on Linux it ends with the process that starts it, however that ends."""

PREAMBLE = f"""
export PYTHONUNBUFFERED=1 COLUMNS=100 LC_ALL=C.UTF-8
publish() {{
  case " $* " in
    *" preview "*--export*) ;;
    *" preview "*) serve "$@" --no-open --port 0; return ;;
  esac
  case "$1" in apply | archive | restore | promote | rollback) set -- "$@" --yes ;; esac
  env -0 > "$CALLS/environment"
  printf '%s\\0' "$PWD" "$BASHPID" "$@" > "$CALLS/call"
  local code && read -r code < "$CALLS/answer" && return "$code"
}} 8>&1 9>&2
serve() {{  # until it says where it is
  coproc {shlex.quote(sys.executable)} -m azureml_publish "$@" 2>/dev/null
  local process=$COPROC_PID address
  read -r address <&"${{COPROC[0]}}" && kill "$process" && wait "$process" && [[ $address == http://127.0.0.1:* ]]
}}
python3() {{ mkdir -p venv/bin && : > venv/bin/activate; }}  # what is installed is what is tested
pip() {{ [ "$1" = install ]; }}
command -v jq > /dev/null || jq() {{ cat "${{@: -1}}" > /dev/null; }}
make() {{ command make --no-print-directory --dry-run -C {shlex.quote(str(REPOSITORY))} "$@" > /dev/null; }}
model_signing() {{ {shlex.quote(str(Path(sys.executable).with_name("model_signing")))} "$@"; }}
"""
"""`--yes` stands for the `yes` on a terminal. `make TARGET` only looks whether there is such a target."""


@dataclass(frozen=True, slots=True)
class Step:
    """A command of a page, or a file that the page has its reader write.

    `shown` is None where the page shows no output; `codes` are the exit codes that the page names, besides 0.
    """

    line: int
    command: str
    shown: str | None = None
    codes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """What a step left behind."""

    step: Step
    code: int
    output: str


def steps(page: str) -> Iterator[Step]:
    """What a reader of a page types, from its top to its end."""
    for found in re.finditer(r"^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        before = page[: found.start()].rstrip("\n").rpartition("\n\n")[2]
        line = page.count("\n", 0, found.start()) + 2
        written = re.fullmatch(r"(?:.*\s)?(Write|Add\s+to)\s`([^`]+)`:", before, re.DOTALL)
        if written is not None:
            redirect = ">" if written[1] == "Write" else ">>"
            yield Step(
                line, f"mkdir -p {Path(written[2]).parent} && cat {redirect} {written[2]} <<'END'\n{found[2]}END"
            )
        elif found[1] in SHELLS:
            yield from _typed(found[2], line, tuple(map(int, re.findall(r"exit\s+code\s+(\d+)", before))))


def _typed(block: str, line: int, codes: tuple[int, ...]) -> Iterator[Step]:
    if not re.search(r"^\$ ", block, re.MULTILINE):
        for at, command in enumerate(block.splitlines()):
            own = tuple(map(int, re.findall(r"#.*exit code (\d+)", command)))
            yield Step(line + at, command, None, own or codes)
        return
    for found in re.finditer(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
        yield Step(line + block.count("\n", 0, found.start()), found[1], found[2] or None, codes)


def run(typed: list[Step], directory: Path, environment: Mapping[str, str], prepared: str = "") -> list[Ended]:
    """Type the steps into one shell. `prepared` runs before; where it fails, so does this."""
    script = [PREAMBLE, "set -e", prepared, "set +e", "echo @@begin"]
    for number, step in enumerate(typed):
        script.append(f"{step.command}\nprintf '\\n@@%s %s\\n' {number} $?")
    with _publish_at_hand(environment) as calls:
        ran = subprocess.run(
            [*ENDING, "bash", "-c", "\n".join(script)],
            cwd=directory,
            env={**environment, "CALLS": str(calls)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    before, _, rest = ran.stdout.partition("@@begin\n")
    assert rest or not typed, before
    ended = [(int(code), output) for output, _, code in re.findall(r"((?:.|\n)*?)\n@@(\d+) (\d+)\n", rest)]
    assert len(ended) == len(typed), ran.stdout
    return [Ended(step, code, output) for step, (code, output) in zip(typed, ended, strict=True)]


@contextmanager
def _publish_at_hand(environment: Mapping[str, str]) -> Iterator[Path]:
    """The folder of a running `fast_publish`."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("call", "answer"):
            os.mkfifo(Path(folder) / name)
        command = [*ENDING, sys.executable, "-m", "tests.docs.fast_publish", folder]
        loud = {**environment, "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}
        with subprocess.Popen(command, cwd=REPOSITORY, env=loud) as process:
            try:
                yield Path(folder)
            finally:
                process.terminate()


def problem(ended: Ended) -> str:
    """How a step differs from what its page says; empty where it does not."""
    step = ended.step
    if ended.code not in (0, *step.codes):
        return f"line {step.line}: `{step.command}` ends with {ended.code}\n{ended.output}"
    if step.shown is not None and not matches(step.shown, ended.output):
        return f"line {step.line}: `{step.command}` shows\n{ended.output}"
    return ""


def matches(shown: str, output: str) -> bool:
    """Whether a page shows an output; a line `…` stands for any lines."""
    parts = [re.escape(part) for part in re.split(r"^ *…\n", steady(shown), flags=re.MULTILINE)]
    return re.fullmatch("(?:.*\n)*?".join(parts), steady(output).rstrip("\n") + "\n") is not None


def steady(text: str) -> str:
    """A text in which what differs from run to run is replaced."""
    for pattern, word in STANDS_FOR:
        text = pattern.sub(word, text)
    return text
