"""Makes tiny models of the kinds that a team has on disk, and asks them: `python loaders.py make FILE` and `ask FILE`.

`make` writes one folder a model, as its library saves it; `ask` loads the folders here that `codes.json` names, each
by the code of its card. FILE gets as JSON what each answers. It runs in the models' own environment.
"""

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import gguf
import mlflow
import numpy as np
import onnx
import onnxruntime
import pytorch_lightning
import torch
import transformers
from kinds import KINDS, plain  # type: ignore[import-not-found]
from onnx import TensorProto, helper, numpy_helper
from peft import LoraConfig, get_peft_model
from sklearn.linear_model import LogisticRegression

ROWS = np.arange(12.0, dtype=np.float32).reshape(6, 2)
TOKENS = torch.tensor([[5, 9, 7, 3], [8, 4, 6, 11]])

CHECKPOINTS = {"classifier": "classifier", "llm": "writer", "vision": "seer", "speech": "listener"}
"""Fine-tuned checkpoints, by the kind of `kinds.py` that each is."""

README = """\
---
license: apache-2.0
language: en
base_model: contoso/base
tags: [generated_from_trainer]
---
# A fine-tuned model
"""


def make_checkpoint(folder: Path, name: str) -> Any:
    """A fine-tuned model of transformers, as `Trainer.save_model` and `push_to_hub` leave it on disk."""
    kind = KINDS[CHECKPOINTS[name]]
    parts = kind.make()
    for part in parts.values():
        getattr(part, "eval", lambda: None)()
        part.save_pretrained(folder)
    (folder / "README.md").write_text(README)
    return kind.ask(transformers.pipeline(kind.task, **parts))


def ask_checkpoint(pipeline: Any, name: str) -> Any:
    return KINDS[CHECKPOINTS[name]].ask(pipeline)


def make_lora(folder: Path, base: Path) -> Any:
    """An adapter of PEFT for a model of the Hub, which `base` holds as a repository."""
    config = transformers.Qwen2Config(
        vocab_size=60, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        intermediate_size=64, max_position_embeddings=64, initializer_range=0.3, tie_word_embeddings=False,
    )  # fmt: skip
    model = transformers.Qwen2ForCausalLM(config).eval()
    model.save_pretrained(base)
    before = model(TOKENS).logits.detach()
    model.name_or_path = "contoso/base"
    lora = LoraConfig(task_type="CAUSAL_LM", r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    adapted = get_peft_model(model, lora).eval()
    adapted.save_pretrained(folder)
    after = adapted(TOKENS).logits.detach()
    assert not torch.equal(before, after), "an adapter that changes nothing proves nothing"
    return after


def ask_lora(model: Any) -> Any:
    """The adapter names its base model, and PEFT fetched it from the Hub."""
    return model.eval()(TOKENS).logits.detach()


def make_gguf(folder: Path, base: Path) -> Any:
    """The base model as llama.cpp keeps it, by llama.cpp's own writer and names of tensors."""
    model = transformers.Qwen2ForCausalLM.from_pretrained(base).eval()
    config = model.config
    writer = gguf.GGUFWriter(folder / "base-F32.gguf", "qwen2")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_vocab_size(config.vocab_size)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.QWEN2, config.num_hidden_layers)
    for name, tensor in model.state_dict().items():
        writer.add_tensor(names.get_name(name, try_suffixes=(".weight", ".bias")), tensor.float().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return model(TOKENS).logits.detach()


def ask_gguf(folder: Path) -> Any:
    """By transformers: llama.cpp, which the card names, is on PyPI as source alone."""
    (file,) = folder.rglob("*.gguf")
    return transformers.AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name)(TOKENS).logits.detach()


def make_sklearn(folder: Path) -> Any:
    sorter = LogisticRegression().fit(ROWS, [0, 1, 1, 0, 1, 0])
    mlflow.sklearn.save_model(sorter, str(folder), pip_requirements=["scikit-learn"], input_example=ROWS[:1])
    return sorter.predict(ROWS)


def ask_sklearn(model: Any) -> Any:
    return model.predict(ROWS)


def make_onnx(folder: Path) -> Any:
    """A layer whose weights lie in a file beside the graph, as ONNX does with large ones."""
    weights = np.random.default_rng(20).normal(size=(2, 3)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Softmax", ["h"], ["y"])],
        "layer",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 3])],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=10)
    onnx.checker.check_model(model)
    where = {"save_as_external_data": True, "location": "model.onnx.data", "size_threshold": 0}
    answer = ask_onnx(onnxruntime.InferenceSession(model.SerializeToString()))
    onnx.save_model(model, folder / "model.onnx", **where)
    return answer


def ask_onnx(session: Any) -> Any:
    (answer,) = session.run(None, {"x": ROWS})
    return answer


class Net(pytorch_lightning.LightningModule):  # type: ignore[misc]
    """A layer, whose width is a hyperparameter that the checkpoint keeps."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(2, width)

    def training_step(self, batch: Any, _number: int) -> Any:
        return self.layer(batch[0]).square().mean()

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.01)


def make_lightning(folder: Path) -> Any:
    """A checkpoint of a short training."""
    net = Net(3)
    rows = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.tensor(ROWS)), batch_size=3)
    trainer = pytorch_lightning.Trainer(
        max_epochs=2, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, default_root_dir=folder,
    )  # fmt: skip
    trainer.fit(net, rows)
    trainer.save_checkpoint(folder / "epoch=1-step=4.ckpt")
    return net.layer(torch.tensor(ROWS)).detach()


def ask_lightning(weights: Any, file: Path) -> Any:
    """The weights by themselves, and the checkpoint as Lightning loads it, which also gives the width."""
    net = Net.load_from_checkpoint(file)
    answer = net.layer(torch.tensor(ROWS)).detach()
    net.load_state_dict(weights)
    assert torch.equal(net.layer(torch.tensor(ROWS)), answer)
    return answer


def make(top: Path) -> dict[str, Any]:
    """Save every model in a folder of its own; what each answers."""
    base = top / "hub" / "contoso" / "base"
    made: dict[str, Any] = {}
    for name in CHECKPOINTS:
        torch.manual_seed(20)
        made[name] = make_checkpoint(top / "disk" / name, name)
    torch.manual_seed(20)
    made["lora"] = make_lora(top / "disk" / "lora", base)
    for name, maker in {"gguf": lambda at: make_gguf(at, base), "onnx": make_onnx, "lightning": make_lightning}.items():
        (top / "disk" / name).mkdir()
        made[name] = maker(top / "disk" / name)
    made["sklearn"] = make_sklearn(top / "disk" / "sklearn")
    return {name: plain(answer) for name, answer in made.items()}


def load(code: str) -> dict[str, Any]:
    """Run what a card says under "Load it", but for the lines that download: that is done."""
    kept = [line for line in code.splitlines() if "azure" not in line and "registry" not in line]
    scope: dict[str, Any] = {}
    exec(compile("\n".join(kept), "card", "exec"), scope)
    return scope


def ask_one(name: str, code: str) -> Any:
    """What a model answers that lies in a folder of its name here."""
    if name == "gguf":
        return ask_gguf(Path(name))
    scope = load(code)
    if name == "lightning":
        return ask_lightning(scope["weights"], scope["file"])
    if name == "onnx":
        return ask_onnx(scope["session"])
    asks = {"lora": ask_lora, "sklearn": ask_sklearn}
    return asks[name](scope["model"]) if name in asks else ask_checkpoint(scope["model"], name)


if __name__ == "__main__":
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    if sys.argv[1] == "make":
        found = make(Path())
    else:
        found = {name: plain(ask_one(name, code)) for name, code in json.loads(Path("codes.json").read_text()).items()}
    Path(sys.argv[2]).write_text(json.dumps(found))
