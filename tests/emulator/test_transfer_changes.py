"""What runs out or changes under way: signatures, containers, local files and blobs."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from azureml_publish.assets import ContainerAccess
from azureml_publish.content.sources.azureblob import Blobs
from azureml_publish.content.upload.pool import UploadPool
from azureml_publish.emulator import Emulator
from azureml_publish.errors import (
    ContentMismatch,
    NotAuthorised,
    PublishError,
    UnusableSource,
)
from tests.emulator.faulty import BLOCK, SEND, Run, Seen
from tests.emulator.test_publish_transfer import content_of


class TestSignature:
    def test_it_is_renewed_before_it_runs_out(self, run: Run) -> None:
        from azureml_publish.content.upload.lease import Lease

        now = [0.0]
        access = run.lend("lease", lifetime_seconds=1000)
        renewed = []

        def renew() -> ContainerAccess:
            renewed.append(run.lend("lease", lifetime_seconds=5000))
            return renewed[-1]

        import time

        begun = time.time()
        lease = Lease(access, renew, clock=lambda: begun + now[0])
        first = lease.client()
        assert lease.client() is first
        now[0] = 700.0
        assert lease.client() is first
        now[0] = 760.0
        assert lease.client() is not first
        assert len(renewed) == 1
        assert lease.client() is lease.client()

    def test_one_that_runs_out_under_way_is_renewed(self, run: Run) -> None:
        expired = run.lend("faults", lifetime_seconds=-60)
        lent = []

        def renew() -> ContainerAccess:
            lent.append(1)
            return run.access

        assert run(renew, access=expired).files == 7
        assert lent
        run.finish()

    def test_one_that_is_refused_under_way_is_renewed(self, run: Run, emulator: Emulator) -> None:
        emulator.faults.add(**SEND, status=403, after=4, times=1)
        assert run(lambda: run.lend("faults", lifetime_seconds=1234)).files == 7
        run.finish()

    def test_another_container_is_not_mixed_in(self, run: Run, emulator: Emulator) -> None:
        emulator.faults.add(**SEND, status=403, after=4, times=1)
        with pytest.raises(PublishError, match="The registry gives access to"):
            run(lambda: run.lend("other"))
        run.finish()


class TestChangesUnderWay:
    @pytest.fixture
    def local(self, emulator: Emulator, tmp_path: Path) -> Run:
        folder = tmp_path / "local" / "models" / "large"
        (folder / "files").mkdir(parents=True)
        (folder / "files" / "weights.dat").write_bytes(random.Random(1).randbytes(20 * BLOCK + 7))
        (folder / "model.yaml").write_text(
            "name: large\nversion: 1\ntype: custom_model\nsource: {local: files}\ntasks: {inference: other}\n"
        )
        (folder / "card.md.j2").write_text("A card.\n")
        (tmp_path / "local" / "publish.yaml").touch()
        return Run(emulator, content_of(tmp_path / "local"), "local")

    @pytest.mark.parametrize("change", ["content", "shorter", "gone"])
    def test_a_local_file_that_changes_never_appears(self, local: Run, tmp_path: Path, change: str) -> None:
        path = tmp_path / "local/models/large/files/weights.dat"
        before = path.read_bytes()

        def meanwhile(step: int) -> None:
            if step == 4 and change == "gone":
                path.unlink()
            elif step == 4:
                path.write_bytes(
                    before[: 5 * BLOCK] + (b"" if change == "shorter" else b"x" * 15 * BLOCK + before[-7:])
                )

        with pytest.raises((ContentMismatch, UnusableSource), match=r"weights\.dat"):
            local(progress=Seen(meanwhile), pool=UploadPool(1))
        assert local.stored() == {}
        path.write_bytes(before)
        local.finish()

    def test_a_blob_that_changes_never_appears_and_one_that_stays_is_copied_by_the_service(
        self, emulator: Emulator, tmp_path: Path, staged: list[str]
    ) -> None:
        from azure.core.credentials import AzureSasCredential
        from azure.storage.blob import ContainerClient

        sas_uri = emulator.container("source")
        source = ContainerClient.from_container_url(sas_uri)
        data = random.Random(2).randbytes(12 * BLOCK + 5)
        source.upload_blob("top/weights.dat", data)
        source.upload_blob("top/small.txt", b"small")
        folder = tmp_path / "blob" / "models" / "blob"
        folder.mkdir(parents=True)
        (folder / "model.yaml").write_text(
            "name: blob\nversion: 1\ntype: custom_model\n"
            "source: {azureblob: {storage: account, container: source, path: top}}\ntasks: {inference: other}\n"
        )
        (folder / "card.md.j2").write_text("A card.\n")
        (tmp_path / "blob" / "publish.yaml").touch()
        run = Run(emulator, content_of(tmp_path / "blob"), "target")
        signature = sas_uri.partition("?")[2]
        endpoint = sas_uri.partition("?")[0].removesuffix("/source")
        blobs = Blobs(endpoint, lambda: AzureSasCredential(signature))

        def meanwhile(step: int) -> None:
            if step == 4:
                source.upload_blob("top/weights.dat", data[::-1], overwrite=True)

        with pytest.raises(ContentMismatch, match="not what it was"):
            run(blobs=blobs, progress=Seen(meanwhile), pool=UploadPool(1))
        assert "weights.dat" not in run.stored()
        run.finish(blobs=blobs)
        assert staged == []  # the service fetched every block itself
        again = Seen()
        run.finish(blobs=blobs, progress=again)
        assert again.reused == {"small.txt", "weights.dat"}
        with pytest.raises(NotAuthorised) as refused:
            run(blobs=Blobs(endpoint))
        assert "AZURE_STORAGE_SAS_TOKEN" in refused.value.hint
