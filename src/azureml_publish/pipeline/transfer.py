"""Brings a run's files into a registry, for every door: the command line shows how they get on, a program may not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from azureml_publish.content.sources.git import Clones
from azureml_publish.content.upload.pool import CONNECTIONS, UploadPool
from azureml_publish.content.upload.progress import Progress
from azureml_publish.content.upload.retry import Bandwidth
from azureml_publish.content.upload.transfer import Transfer
from azureml_publish.pipeline.registries import Opened
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.sources import find_blobs
from azureml_publish.version import TOOL


@contextmanager
def open_transfer(
    run: RunContext,
    opened: Opened,
    progress: Progress,
    stop: Callable[[], bool],
    *,
    bandwidth: float | None = None,
    connections: int = CONNECTIONS,
) -> Iterator[Transfer]:
    """What brings files into a registry.

    Args:
        run: whose environment says where blob storage is.
        progress: is called with the progress of files, from several threads.
        stop: whether to end after the step under way.
        bandwidth: bytes a second at most; None for no limit.
        connections: blocks under way at a time.
    """
    pool = UploadPool(connections, bandwidth=Bandwidth(bandwidth))
    with closing(pool), closing(find_blobs(opened, run)) as blobs:
        yield Transfer(opened.hub, progress, TOOL, stop, blobs, Clones(run.environ, stop), pool)
