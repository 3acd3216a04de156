"""Runs `publish` for a shell without starting Python each time: it has all modules loaded, and forks for a call.

Its folder has two pipes. A call is the shell's folder and process, then the arguments, each ended by a null byte; the
answer is the exit code on a line. Output goes to the descriptors 8 and 9 of that process, its environment is in a file.
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

from azureml_publish.__main__ import main


def serve(folder: Path) -> None:
    """Answer calls until this process is ended."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")

        import azureml_publish.cli.apply
        import azureml_publish.cli.lint
        import azureml_publish.emulator  # noqa: F401
    while True:
        call = (folder / "call").read_bytes()
        child = os.fork()
        if child == 0:
            run(folder, [os.fsdecode(part) for part in call.split(b"\0")[:-1]])
        _, status = os.waitpid(child, 0)
        (folder / "answer").write_text(f"{os.waitstatus_to_exitcode(status)}\n")


def run(folder: Path, call: list[str]) -> None:
    """In a process of its own, what one call wants; never returns."""
    directory, process, *arguments = call
    os.chdir(directory)
    for descriptor, of_the_shell in ((1, 8), (2, 9)):
        os.dup2(os.open(f"/proc/{process}/fd/{of_the_shell}", os.O_WRONLY | os.O_APPEND), descriptor)
    os.environ.clear()
    for one in (folder / "environment").read_bytes().split(b"\0")[:-1]:
        name, _, value = os.fsdecode(one).partition("=")
        os.environ[name] = value
    sys.argv = ["publish", *arguments]
    code: object = 1
    try:
        main()
    except SystemExit as ended:
        code = ended.code or 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
