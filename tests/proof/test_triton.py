"""NVIDIA's own Triton serves what was published, and refuses to load the layouts that packaging refuses."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from azureml_publish.content.packaging.triton import FIELDS, read_config
from azureml_publish.emulator import Emulator
from azureml_publish.emulator.listening import bind
from azureml_publish.lint.rules.card_text import BEGINNING
from tests.checkpoints import write
from tests.conftest import REPOSITORY, edit, lacking
from tests.proof.servers import running_server
from tests.proof.test_proof import PROJECT, publish
from tests.unit.content.packaging.packaged import package

pytestmark = pytest.mark.proof

HERE = Path(__file__).parent
MODEL = """\
import triton_python_backend_utils as utils


class TritonPythonModel:
    def execute(self, requests):
        answers = []
        for request in requests:
            x = utils.get_input_tensor_by_name(request, "X").as_numpy()
            answers.append(utils.InferenceResponse([utils.Tensor("Y", x * 3 + 1)]))
        return answers
"""
SHAPE = """\
max_batch_size: 8
input [ { name: "X" data_type: TYPE_FP32 dims: [ 2 ] } ]
output [ { name: "Y" data_type: TYPE_FP32 dims: [ 2 ] } ]
instance_group [ { kind: KIND_CPU count: 1 } ]
"""
PYTHON = f'backend: "python"\n{SHAPE}'

_Y = 'name: "Y"'
ENSEMBLE = (
    f'platform: "ensemble"\n{SHAPE.replace("instance_group [ { kind: KIND_CPU count: 1 } ]", "")}'
    'ensemble_scheduling { step [ { model_name: "nobody" model_version: -1 '
    'input_map { key: "X" value: "X" } output_map { key: "Y" value: "Y" } } ] }'
)

LAYOUTS: Mapping[str, Mapping[str, str]] = {
    "plain": {"config.pbtxt": PYTHON, "1/model.py": MODEL},
    "named": {"config.pbtxt": f'name: "named"  # "x"\n{PYTHON}', "1/model.py": MODEL},
    "joined": {"config.pbtxt": f"name: 'joi' \"ned\"\n{PYTHON}", "1/model.py": MODEL},
    "escaped": {"config.pbtxt": f'name: "\\145scaped"\n{PYTHON}', "1/model.py": MODEL},
    "versions": {"config.pbtxt": PYTHON, "3/model.py": MODEL, "20/model.py": MODEL, "notes/a.txt": "x"},
    "other_file": {"config.pbtxt": f'default_model_filename: "run.py"\n{PYTHON}', "1/run.py": MODEL},
    "unconfigured_backend": {"config.pbtxt": SHAPE, "1/model.py": MODEL},
    "unconfigured": {"1/model.py": MODEL},
    "labelled": {
        "config.pbtxt": PYTHON.replace(_Y, f'{_Y} label_filename: "y.txt"'),
        "y.txt": "a\nb",
        "1/model.py": MODEL,
    },
    "other_name": {"config.pbtxt": f'name: "somebody"\n{PYTHON}', "1/model.py": MODEL},
    "no_version": {"config.pbtxt": PYTHON, "model.py": MODEL},
    "version_by_word": {"config.pbtxt": PYTHON, "one/model.py": MODEL},
    "version_with_zero": {"config.pbtxt": PYTHON, "01/model.py": MODEL},
    "open_brace": {"config.pbtxt": f"{PYTHON}parameters {{", "1/model.py": MODEL},
    "odd_field": {"config.pbtxt": f'nam: "odd_field"\n{PYTHON}', "1/model.py": MODEL},
    "odd_platform": {"config.pbtxt": f'platform: "onnx"\n{SHAPE}', "1/model.onnx": "x"},
    "weights_only": {"1/weights.bin": "x"},
    "odd_type": {"config.pbtxt": PYTHON.replace("TYPE_FP32", "FP32"), "1/model.py": MODEL},
    "labels_gone": {"config.pbtxt": PYTHON.replace(_Y, f'{_Y} label_filename: "y.txt"'), "1/model.py": MODEL},
    "ensemble_of_none": {"config.pbtxt": ENSEMBLE, "1/notes.txt": "x"},
}
"""Models by name: those that load, then those that do not. A missing model.py is left out, as Triton waits for it."""

CONFIGS = (
    "name: \"a\" backend: 'python'",
    'name: "a\\"b"\nbackend: "py" "thon" # x',
    'platform: "x#y"\nparameters { key: "name" value { string_value: "no" } }',
    'parameters < key: "name" value < string_value: "platform: x" > >',
    'backend:"python";name:"b",',
    'default_model_filename: "m.py"',
    'input [ { name: "X" dims: [2] } ] name: "q"',
    'name: "\\141\\n"',
    'metric_tags: { key: "backend" value: "x" }, platform: "p"',
    "max_batch_size: 8 instance_group: [{ kind: KIND_CPU }]",
    "{",
    "input [ { ]",
    'name: "a',
    'nam: "a"',
    '"a"',
    "name: $a",
)


@pytest.fixture(scope="module")
def environment() -> Path:
    """The folder of Triton's own environment."""
    if sys.platform != "linux":
        pytest.skip("NVIDIA publishes Triton for Linux alone")
    folder = REPOSITORY / ".venv-triton"
    if not (folder / "bin/python").exists():
        lacking("proof", "Triton's environment comes with `make proof`")
    return folder


@dataclass(frozen=True)
class Server:
    """A server: its address, and the folder of what was published and brought back."""

    address: str
    brought: Path

    def call(self, path: str, body: Any) -> Any:
        answer = requests.post(f"{self.address}/v2/{path}", json=body, timeout=60)
        return answer.json()


@pytest.fixture(scope="module")
def served(environment: Path, running_emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Triton with a model repository a layout, and one that went to a registry and came back."""
    folder = tmp_path_factory.mktemp("triton")
    for name, files in LAYOUTS.items():
        write(folder / "layouts" / name / name, files)
    brought = _publish_and_download(running_emulator, folder)
    home = folder / "triton"
    (own,) = environment.glob("lib/python*/site-packages/pytriton/tritonserver")
    shutil.copytree(own / "backends", home)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    stub = home / "python" / "triton_python_backend_stub"
    shutil.copy(own / "python_backend_stubs" / python / stub.name, stub)
    stub.chmod(0o755)
    with bind(0, "HTTP") as free:
        port = free.getsockname()[1]
    repositories = [f"--model-repository={one}" for one in (*sorted((folder / "layouts").iterdir()), brought)]
    command = [str(own / "bin/tritonserver"), *repositories, f"--backend-directory={home}", "--exit-on-error=false"]
    options = [f"--http-port={port}", "--http-address=127.0.0.1", "--allow-grpc=false", "--allow-metrics=false"]
    variables = {
        "PATH": f"{environment / 'bin'}:{os.environ['PATH']}",
        "LD_LIBRARY_PATH": str(own.parents[1] / "nvidia_pytriton.libs"),
    }
    address = f"http://127.0.0.1:{port}"
    with running_server([*command, *options], f"{address}/v2/health/live", folder, variables):
        yield Server(address, brought)


def _publish_and_download(emulator: Emulator, folder: Path) -> Path:
    """A model repository that was published from `init` on, as it was brought back."""
    emulator.reset()
    data = Path(emulator.environment["REQUESTS_CA_BUNDLE"]).parent
    project = folder / "project"
    project.mkdir()
    (project / "publish.yaml").write_text(PROJECT.format(data=data))
    write(folder / "disk", {f"tripler/{path}": text for path, text in LAYOUTS["plain"].items()})
    publish(project, "init", str(folder / "disk"), "--name", "tripler")
    edit(project / "models/tripler/model.yaml", "# license:", "license: proprietary")
    edit(project / "models/tripler/card.md.j2", BEGINNING, "Multiplies by three.")
    publish(project, "apply", "--yes")
    publish(project, "download", "tripler", "--to", str(folder / "brought"))
    (found,) = (folder / "brought").rglob("config.pbtxt")
    return found.parent.parent


def test_what_was_published_is_served_and_answers(served: Server) -> None:
    rows = {"name": "X", "shape": [2, 2], "datatype": "FP32", "data": [1, 2, 3, 4]}
    answer = served.call("models/tripler/infer", {"inputs": [rows]})
    assert [one["data"] for one in answer["outputs"]] == [[4.0, 7.0, 10.0, 13.0]]


@pytest.mark.parametrize("name", LAYOUTS)
def test_what_packaging_refuses_does_not_load_and_what_it_takes_does(served: Server, name: str) -> None:
    index = {one["name"]: one.get("state") for one in served.call("repository/index", {})}
    files = {f"{name}/{path}": text for path, text in LAYOUTS[name].items()}
    refused = [one.message for one in package(files, "", "triton_model").refusals]
    assert (index.get(name) == "READY") == (refused == []), (index.get(name), refused)


def test_a_configuration_says_what_its_protobuf_definition_reads(environment: Path) -> None:
    ran = subprocess.run(
        [environment / "bin/python", HERE / "configs.py"],
        input=json.dumps(CONFIGS), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    read = json.loads(ran.stdout)
    assert set(read["fields"]) == FIELDS
    for text, theirs in zip(CONFIGS, read["configs"], strict=True):
        fields, problem = read_config(text)
        ours = None if problem else {name: fields.get(name, [""])[-1] for name in ("name", "platform", "backend")}
        assert (text, ours) == (text, theirs and {name: theirs[name] for name in ("name", "platform", "backend")})
