"""`publish`, and `python -m azureml_publish`."""

import atexit
import gc
import sys

from azureml_publish.completion import WORD, answer


def main() -> None:
    """Answer a shell that completes a command line, which waits for nothing else; else run the command line."""
    if sys.argv[1:2] == [WORD]:
        answer(sys.argv[2:])
        return
    # What is imported stays, and a run makes little rubbish. To look for it as often as Python does takes a tenth more,
    # and to look through everything once more at the end, when the memory goes back anyway, a sixth.
    gc.set_threshold(250_000, 20, 50)
    atexit.register(gc.freeze)
    from azureml_publish.cli import main as run  # noqa: PLC0415 - a shell does not wait for it

    run()


if __name__ == "__main__":
    main()
