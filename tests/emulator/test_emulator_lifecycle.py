"""Starting, stopping, coming back, sharing a folder, and dying in the middle."""

import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
import urllib.parse
from pathlib import Path
from typing import Any

import pytest
import requests

from azureml_publish.emulator import PLAIN, Emulator
from tests.conftest import switching

SERVE = """
import sys, threading
from pathlib import Path
from azureml_publish.emulator import PLAIN, Emulator
emulator = Emulator(Path(sys.argv[1]), quirks=PLAIN)
emulator.start()
print(emulator.url, emulator.http_url, emulator.container("files"), flush=True)
threading.Event().wait()
"""


def call(emulator: Emulator, method: str, path: str, **options: Any) -> requests.Response:
    url = (
        f"{emulator.url}/mferp/managementfrontend/subscriptions/s/resourceGroups/g"
        f"/providers/Microsoft.MachineLearningServices/registries/local{path}"
    )
    return requests.request(
        method,
        url,
        headers={"Authorization": "Bearer t"},
        verify=emulator.environment["REQUESTS_CA_BUNDLE"],
        timeout=120,
        **options,
    )


def plain(folder: Path, **options: Any) -> Emulator:
    """An emulator that answers at once."""
    return Emulator(folder, quirks=PLAIN, **options)


def upload(container: str, name: str, content: bytes) -> requests.Response:
    url, _, query = container.partition("?")
    return requests.put(f"{url}/{name}?{query}", data=content, headers={"x-ms-blob-type": "BlockBlob"}, timeout=120)


def test_state_survives_a_restart(tmp_path: Path) -> None:
    first = plain(tmp_path / "data")
    with first:
        container = first.container("files")
        upload(container, "model/x", b"content")
        url, _, query = container.partition("?")
        block = requests.put(f"{url}/half?{query}&comp=block&blockid=YWE=", data=b"block", timeout=120)
        assert block.status_code == 201
        call(first, "PUT", "/models/bert/versions/1", json={"properties": {"modelUri": f"{url}/model"}})
        made = call(first, "GET", "/models/bert/versions/1").json()
        bundle = Path(first.environment["REQUESTS_CA_BUNDLE"]).read_bytes()
    with plain(tmp_path / "data") as second:
        assert Path(second.environment["REQUESTS_CA_BUNDLE"]).read_bytes() == bundle
        read = call(second, "GET", "/models/bert/versions/1").json()
        uri = read["properties"]["modelUri"]
        assert uri == f"{second.url}/files/model"
        assert read["properties"] | {"modelUri": ""} == made["properties"] | {"modelUri": ""}
        # An old signature and an old address both still mean the same content.
        assert requests.get(f"{second.http_url}/emulator/files/model/x?{query}", timeout=120).content == b"content"
        old = {"properties": {"modelUri": made["properties"]["modelUri"]}}
        assert call(second, "PUT", "/models/bert/versions/1", json=old).status_code == 200
        blocks = requests.get(
            f"{second.http_url}/emulator/files/half?{query}&comp=blocklist&blocklisttype=all", timeout=120
        )
        assert "YWE=" in blocks.text
        reference = call(
            second, "POST", "/datarefs/bert/versions/1", json={"assetId": read["id"], "blobUri": uri}
        ).json()
        assert reference["blobReferenceForConsumption"]["blobUri"].startswith(second.http_url)


def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", SERVE, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        _https, _http, container = process.stdout.readline().split()
        written = []
        stop = threading.Event()

        def write() -> None:
            for number in range(10_000):
                if stop.is_set():
                    return
                try:
                    if upload(container, f"n/{number}", str(number).encode() * 1000).status_code == 201:
                        written.append(number)
                except requests.RequestException:
                    return

        writer = threading.Thread(target=write)
        writer.start()
        while len(written) < 40:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait(120)
        stop.set()
        writer.join(120)
    with plain(tmp_path) as again:
        url, _, query = again.container("files").partition("?")
        for number in written:
            assert requests.get(f"{url}/n/{number}?{query}", timeout=120).content == str(number).encode() * 1000


def test_reset_empties_it_over_both_ports(tmp_path: Path) -> None:
    with plain(tmp_path) as emulator:
        for base in (emulator.url, emulator.http_url):
            container = emulator.container("files")
            upload(container, "model/x", b"content")
            url = container.partition("?")[0]
            body = {"properties": {"modelUri": f"{url}/model"}}
            assert call(emulator, "PUT", "/models/bert/versions/1", json=body).status_code == 201
            emulator.faults.add(status=500, path="never")
            bundle = emulator.environment["REQUESTS_CA_BUNDLE"]
            assert switching(emulator.secret).post(f"{base}/reset", verify=bundle, timeout=120).status_code == 204
            assert call(emulator, "GET", "/models").json()["value"] == []
            assert emulator.faults.rules == ()
            assert list(emulator._folder.segments.iterdir()) == []


def test_start_clears_the_content_of_deleted_versions_away(tmp_path: Path) -> None:
    def lend(emulator: Emulator, version: str) -> str:
        answer = call(emulator, "POST", f"/models/bert/versions/{version}/startPendingUpload", json={})
        return str(answer.json()["blobReferenceForConsumption"]["credential"]["sasUri"])

    def segments() -> int:
        return len(list((tmp_path / "segments").iterdir()))

    with plain(tmp_path) as emulator:
        for version in ("1", "2"):
            container = lend(emulator, version)
            upload(container, "model/x", f"content {version}".encode())
            uri = f"{container.partition('?')[0]}/model"
            put = call(emulator, "PUT", f"/models/bert/versions/{version}", json={"properties": {"modelUri": uri}})
            assert put.status_code == 201
        upload(lend(emulator, "3"), "model/x", b"on its way")
        delete = requests.delete(
            f"{emulator.url}/modelregistry/v1.0/subscriptions/s/resourceGroups/g/providers"
            "/Microsoft.MachineLearningServices/registries/local/models/bert:1",
            headers={"Authorization": "Bearer t"},
            verify=emulator.environment["REQUESTS_CA_BUNDLE"],
            timeout=120,
        )
        assert delete.status_code == 200
        assert segments() == 3
    with plain(tmp_path) as again:
        assert segments() == 2
        kept = call(again, "GET", "/models/bert/versions/2").json()
        lent = call(
            again,
            "POST",
            "/datarefs/bert/versions/2",
            json={"assetId": kept["id"], "blobUri": kept["properties"]["modelUri"]},
        ).json()
        url, _, query = lent["blobReferenceForConsumption"]["credential"]["sasUri"].partition("?")
        assert requests.get(f"{url}/model/x?{query}", timeout=120).content == b"content 2"
        gone = call(again, "PUT", "/models/bert/versions/1", json={"properties": {"modelUri": "https://example.com/x"}})
        assert "cannot be recreated" in gone.text


def test_start_clears_away_what_a_killed_process_left_unnamed(tmp_path: Path) -> None:
    with plain(tmp_path) as emulator:
        container = emulator.container("files")
        upload(container, "x", b"named")
    [named] = (tmp_path / "segments").iterdir()
    old, young = named.with_name("0" * 32), named.with_name("1" * 32)
    for path in (old, young):
        path.write_bytes(b"unnamed")
    for path in (named, old):
        os.utime(path, (time.time() - 7200, time.time() - 7200))
    with plain(tmp_path):
        assert sorted((tmp_path / "segments").iterdir()) == sorted([named, young])


def test_two_emulators_share_a_folder(tmp_path: Path) -> None:
    with plain(tmp_path) as one, plain(tmp_path) as two:
        assert one.url != two.url
        containers = [one.container("files"), two.container("files")]

        def write(container: str, start: int) -> None:
            for number in range(start, 60, 2):
                assert upload(container, f"n/{number}", b"x" * number).status_code == 201

        threads = [threading.Thread(target=write, args=(each, start)) for start, each in enumerate(containers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        url, _, query = containers[0].partition("?")
        listing = requests.get(f"{url}?restype=container&comp=list&{query}", timeout=120).text
        assert listing.count("<Blob>") == 60
        other = containers[1].partition("?")[0]
        body = {"properties": {"modelUri": f"{other}/n"}}
        assert call(two, "PUT", "/models/bert/versions/1", json=body).status_code == 201
        assert call(one, "GET", "/models/bert/versions/1").status_code == 200


def test_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for options in ({"port": port}, {"http_port": port}):
            emulator = plain(tmp_path, **options)
            with pytest.raises(OSError, match=f"port {port} on 127.0.0.1 cannot be used"):
                emulator.start()
            with pytest.raises(RuntimeError):
                _ = emulator.url
            emulator.stop()


def test_ports_can_be_chosen_and_taken_again(tmp_path: Path) -> None:
    with plain(tmp_path) as emulator:
        ports = [int(url.rpartition(":")[2]) for url in (emulator.url, emulator.http_url)]
    chosen = plain(tmp_path, port=ports[0], http_port=ports[1])
    with chosen:
        assert (chosen.url, chosen.http_url) == (f"https://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}")
        with pytest.raises(RuntimeError):
            chosen.start()


def test_stop_is_quick_even_with_a_slow_request(tmp_path: Path) -> None:
    emulator = plain(tmp_path)
    emulator.stop()
    emulator.start()
    emulator.faults.add(service="hub", delay_seconds=500)
    url = f"{emulator.http_url}/api/models/google-bert/bert-base-cased"

    def ask() -> None:
        with pytest.raises(requests.RequestException):
            requests.get(url, timeout=400).raise_for_status()

    asking = threading.Thread(target=ask)
    asking.start()
    while emulator.faults._seen != [1]:
        time.sleep(0.01)
    start = time.monotonic()
    emulator.stop()
    emulator.stop()
    assert time.monotonic() - start < 100, "it waits neither for the fault nor for the client"
    asking.join(120)
    assert not asking.is_alive()
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=120)


def test_it_runs_from_any_thread(tmp_path: Path) -> None:
    answers = []

    def run() -> None:
        with plain(tmp_path) as emulator:
            answers.append(switching(emulator.secret).get(f"{emulator.http_url}/faults", timeout=120).status_code)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(120)
    assert answers == [200]


def test_secrets_are_for_the_owner_only(tmp_path: Path) -> None:
    with plain(tmp_path) as emulator:
        secrets = tmp_path / "secrets"
        assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
        assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in secrets.iterdir()} == {
            "ca.pem": 0o600,
            "sas.key": 0o600,
            "server.pem": 0o600,
        }
        assert b"PRIVATE" not in emulator._authority.read_bytes()
        assert b"PRIVATE" not in Path(emulator.environment["REQUESTS_CA_BUNDLE"]).read_bytes()


def test_old_authority_is_renewed(tmp_path: Path) -> None:
    import datetime as dt

    from azureml_publish.emulator import certificates

    now = dt.datetime.now(dt.UTC)
    first = certificates.authority(tmp_path, now)
    assert certificates.authority(tmp_path, now).cert_pem.bytes() == first.cert_pem.bytes()
    year_old = (now - dt.timedelta(days=366)).timestamp()
    os.utime(tmp_path / "ca.pem", (year_old, year_old))
    later = certificates.authority(tmp_path, now)
    assert later.cert_pem.bytes() != first.cert_pem.bytes()


def _shown(emulator: Emulator) -> str:
    """The certificate that the HTTPS port shows to a client which believes the CA alone."""
    place = urllib.parse.urlsplit(emulator.url)
    return ssl.get_server_certificate((str(place.hostname), place.port or 0), ca_certs=str(emulator._authority))


def test_the_certificate_of_the_server_is_kept_for_a_month(tmp_path: Path) -> None:
    kept = tmp_path / "secrets" / "server.pem"
    with plain(tmp_path) as emulator:
        first = _shown(emulator)
    with plain(tmp_path) as emulator:
        assert _shown(emulator) == first
    month_old = time.time() - 31 * 24 * 3600
    os.utime(kept, (month_old, month_old))
    with plain(tmp_path) as emulator:
        assert _shown(emulator) != first


@pytest.mark.parametrize("spoil", ["mode", "link", "authority", "gone"])
def test_a_certificate_that_cannot_be_the_emulators_own_is_made_anew(tmp_path: Path, spoil: str) -> None:
    kept, ca = tmp_path / "secrets" / "server.pem", tmp_path / "secrets" / "ca.pem"
    with plain(tmp_path) as emulator:
        first = _shown(emulator)
    if spoil == "mode":
        kept.chmod(0o644)
    elif spoil == "link":
        kept.rename(tmp_path / "elsewhere.pem")
        kept.symlink_to(tmp_path / "elsewhere.pem")
    elif spoil == "authority":
        ca.unlink()
    else:
        kept.unlink()
    with plain(tmp_path) as emulator:
        assert _shown(emulator) != first
        assert not kept.is_symlink()
        assert requests.get(emulator.url, verify=emulator.environment["REQUESTS_CA_BUNDLE"], timeout=120).status_code


def test_a_second_start_makes_no_certificate(tmp_path: Path) -> None:
    with plain(tmp_path):
        pass
    script = (
        "import sys; from pathlib import Path; from azureml_publish.emulator import Emulator\n"
        "emulator = Emulator(Path(sys.argv[1]))\n"
        "with emulator: pass\n"
        "print([name for name in ('trustme', 'cryptography') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("layout", "age"), [(1, "an older"), (99, "a newer")])
def test_folder_of_another_layout_is_refused(tmp_path: Path, layout: int, age: str) -> None:
    import sqlite3
    from contextlib import closing

    with plain(tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / "state.sqlite3")) as connection:
        connection.execute(f"PRAGMA user_version = {layout}")
    with pytest.raises(OSError, match=f"made by {age} version of azureml-publish; delete"):
        plain(tmp_path).start()


def test_nothing_else_loads_the_web_framework() -> None:
    script = (
        "import sys, azureml_publish, azureml_publish.errors\n"
        "print([name for name in ('starlette', 'uvicorn', 'trustme') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=dict(os.environ), timeout=120
    )
    assert done.stdout.strip() == "[]"
