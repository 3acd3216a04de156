"""One emulator a session, emptied before each test; the shipped project, and the command line in this process."""

import atexit
import logging
import os
import shutil
import signal
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest
import requests
from hypothesis import HealthCheck, settings
from marshmallow.warnings import ChangedInMarshmallow4Warning, RemovedInMarshmallow4Warning

from azureml_publish.cli import main
from azureml_publish.emulator import PLAIN, Emulator
from tests.outputs import check_output

REPOSITORY = Path(__file__).parents[1]

REQUIRED = os.environ.get("PUBLISH_TESTS_REQUIRE", "").split(",")
"""Optional parts that must not be missing. Read here, because tests run without any PUBLISH_ variable."""

# huggingface_hub reads these when it is imported, so a fixture would come too late.
os.environ["HF_HOME"] = tempfile.mkdtemp(prefix="hf-home-")
atexit.register(shutil.rmtree, os.environ["HF_HOME"], ignore_errors=True)
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")

# A shell lets what it starts in the background ignore Ctrl-C, and what tests start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How fast data is drawn says more about the machine than about the code.
settings.register_profile("publish", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("publish")


def lacking(part: str, how: str) -> NoReturn:
    """Skip a test whose optional part is not installed; fail it where PUBLISH_TESTS_REQUIRE names the part."""
    if part in REQUIRED:
        pytest.fail(f"{part} is required, but not installed: {how}")
    pytest.skip(f"{part} is not installed: {how}")


@dataclass(frozen=True)
class StaticToken:
    """What azure-core takes for a token."""

    token: str
    expires_on: int


class StaticCredential:
    """A credential that asks nobody."""

    def __init__(self, token: str = "test-token") -> None:
        self._token = token

    def get_token(self, *_scopes: str, **_options: Any) -> StaticToken:
        return StaticToken(self._token, int(time.time()) + 3600)


def switching(secret: str) -> requests.Session:
    """A session that may use the emulator's switches."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {secret}"
    return session


class ControlPlane:
    """Plain HTTPS calls to the control plane, for what no client library has a method for."""

    def __init__(self, emulator: Emulator, token: str | None = "test-token") -> None:
        self.emulator = emulator
        self._session = requests.Session()
        # Else a CA bundle in the environment of the machine goes before the one given here.
        self._session.trust_env = False
        self._session.verify = emulator.environment["REQUESTS_CA_BUNDLE"]
        if token is not None:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        self._session.close()

    def base(self, registry: str = "local") -> str:
        return (
            f"{self.emulator.url}/mferp/managementfrontend/subscriptions/s/resourceGroups/g"
            f"/providers/Microsoft.MachineLearningServices/registries/{registry}"
        )

    def models(self, registry: str = "local") -> str:
        return (
            f"{self.emulator.url}/modelregistry/v1.0/subscriptions/s/resourceGroups/g"
            f"/providers/Microsoft.MachineLearningServices/registries/{registry}/models"
        )

    def call(self, method: str, url: str, **options: Any) -> requests.Response:
        return self._session.request(method, url, timeout=120, **options)

    def upload(self, name: str, version: str, registry: str = "local", path: str = "content/MLmodel") -> str:
        """Upload one small file where the registry says, and return the URI of its folder."""
        asset = f"azureml://registries/{registry}/models/{name}/versions/{version}"
        body = {"assetId": asset, "temporaryDataReferenceType": "TemporaryBlobReference"}
        answer = self.call("PUT", f"{self.base(registry)}/tempdatarefs/{name}/versions/{version}", json=body)
        answer.raise_for_status()
        sas = answer.json()["blobReferenceForConsumption"]["credential"]["sasUri"]
        container, _, query = sas.partition("?")
        put = self.call(
            "PUT", f"{container}/{path}?{query}", data=b"flavors: {}\n", headers={"x-ms-blob-type": "BlockBlob"}
        )
        put.raise_for_status()
        return f"{container}/{path.rpartition('/')[0]}"

    def put(self, name: str, version: str, properties: dict[str, Any], registry: str = "local") -> requests.Response:
        return self.call(
            "PUT", f"{self.base(registry)}/models/{name}/versions/{version}", json={"properties": properties}
        )

    def register(self, name: str, version: str, registry: str = "local", **properties: Any) -> dict[str, Any]:
        """Create a version with one small file; what a GET of it answers."""
        uri = self.upload(name, version, registry)
        answer = self.put(name, version, {"modelUri": uri, **properties}, registry)
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.json()
        del body["properties"]["provisioningState"]  # a GET has none
        return body


def version_of(entry: dict[str, Any]) -> str:
    """The version of an entry of the front end, whose `name` is the model's."""
    return str(entry["id"]).rpartition("/")[2]


@pytest.fixture(scope="session")
def running_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with Emulator(tmp_path_factory.mktemp("emulator"), quirks=PLAIN) as emulator:
        yield emulator


@pytest.fixture
def emulator(running_emulator: Emulator) -> Emulator:
    """An empty emulator."""
    running_emulator.reset()
    return running_emulator


@pytest.fixture(scope="session")
def authority(running_emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The emulator's own certificate alone: to read those of the world takes 20 ms a connection."""
    bundle = Path(running_emulator.environment["REQUESTS_CA_BUNDLE"]).read_bytes()
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    path.write_bytes(bundle[bundle.rindex(b"-----BEGIN CERTIFICATE-----") :])
    return path


@pytest.fixture
def emulator_environment(emulator: Emulator, authority: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment that leads clients to the emulator, set for the test."""
    environment = {**emulator.environment, "REQUESTS_CA_BUNDLE": str(authority)}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    # SDKs that look for a proxy must not find one between loopback and loopback.
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    return environment


@pytest.fixture
def control(emulator: Emulator) -> Iterator[ControlPlane]:
    plane = ControlPlane(emulator)
    yield plane
    plane.close()


@pytest.fixture(scope="session")
def azure_sdk() -> None:
    """Import azure-ai-ml once, as it warns on import: its schemas have options that marshmallow 3 deprecates."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=ChangedInMarshmallow4Warning)
        warnings.filterwarnings("ignore", category=RemovedInMarshmallow4Warning)
        import azure.ai.ml
        import azure.ai.ml.entities  # noqa: F401


@pytest.fixture
def credential() -> Callable[[str], StaticCredential]:
    """Makes a credential with a token of one's choice."""
    return StaticCredential


@pytest.fixture
def open_registry(emulator_environment: dict[str, str], azure_sdk: None) -> Callable[[str], Any]:
    """Opens an unmodified MLClient of any registry."""
    from azure.ai.ml import MLClient

    # Left alone it waits 30 s between two polls of an operation, as the service sends no Retry-After.
    return lambda name: MLClient(StaticCredential(), registry_name=name, polling_interval=0)


@pytest.fixture
def ml_client(open_registry: Callable[[str], Any]) -> Any:
    """An unmodified MLClient of the registry `local`."""
    return open_registry("local")


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "bert"
    (folder / "data").mkdir(parents=True)
    (folder / "MLmodel").write_text("flavors: {}\n")
    (folder / "data" / "weights.bin").write_bytes(bytes(range(256)) * 64)
    return folder


@dataclass(frozen=True)
class Ran:
    """What a run of the command line left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]

UNWANTED = ("PUBLISH_", "AZURE", "ARM_", "HF_", "REGISTRY_", "OTEL_", "DASK_")
"""How variables begin that would change what a run does."""


@pytest.fixture(autouse=True)
def surroundings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """An environment without what the machine may have set; what a run sets is taken back."""
    before = dict(os.environ)
    for name in list(os.environ):
        if name.startswith(UNWANTED) or name in ("NO_COLOR", "FORCE_COLOR", "TRACEPARENT"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf-home"))
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
    monkeypatch.setenv("PUBLISH_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "publish-cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    yield
    logging.disable(logging.NOTSET)
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the shipped project, without its templates: the package's own stand in."""
    root = tmp_path / "project"
    root.mkdir()
    shutil.copy(REPOSITORY / "publish.yaml", root)
    shutil.copytree(REPOSITORY / "models", root / "models")
    return root


@pytest.fixture
def shared_registry(project: Path, emulator_environment: dict[str, str]) -> None:
    """The project's registry is the emulator that the tests share: one of its own starts with every command."""
    assert emulator_environment
    edit(project / "publish.yaml", "local: {emulator: .publish/registry}", "local: {name: local}")


@pytest.fixture
def publish(project: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run `publish -C project …`; every run must end without a traceback, and print JSON as its schema says."""

    def run(*arguments: str, sleep: Callable[[float], None] = time.sleep, polling: float = 0.0) -> Ran:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["-C", str(project), *arguments], sleep=sleep, polling=polling)
        captured = capfd.readouterr()
        assert "Traceback" not in captured.err, captured.err
        assert isinstance(ended.value.code, int)
        check_output(arguments, captured.out)
        return Ran(ended.value.code, captured.out, captured.err)

    return run


@pytest.fixture
def remote(publish: Run, emulator_environment: dict[str, str]) -> Run:
    """The command line against an emulator that runs elsewhere, as an Azure registry would."""
    assert emulator_environment
    return lambda verb, *rest, **how: publish(
        verb, *rest, *(() if "-r" in rest else ("-r", "azureml://registries/local")), **how
    )


def edit(path: Path, before: str, after: str) -> None:
    """Replace a text that must be there."""
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")
