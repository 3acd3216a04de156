"""`publish`, and `python -m azureml_publish`."""

import gc
import os
import sys

from azureml_publish.completion import WORD, answer


def main() -> None:
    """Answer a shell that completes a command line, which waits for nothing else; else run the command line."""
    if sys.argv[1:2] == [WORD]:
        answer(sys.argv[2:])
        return
    # What is imported stays, and a run makes little rubbish: to look for it as often as Python does takes a tenth more.
    gc.set_threshold(250_000, 20, 50)
    # Else pydantic reads what every installed distribution adds to others, and looks there for plug-ins of its own.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        from azureml_publish.cli import main as run  # noqa: PLC0415 - a shell does not wait for it
    except KeyboardInterrupt:
        os.write(2, b"\nInterrupted.\n")
        os._exit(130)

    run()


if __name__ == "__main__":
    main()
