"""Reads configurations of Triton by its own protobuf definition: `python configs.py < TEXTS`, in Triton's environment.

Standard input is JSON: a list of configurations in protobuf's text format. What is printed as JSON is the fields that
there are, and for each configuration what some of them say, or null where it is none.
"""

import json
import sys
from typing import Any

from google.protobuf import text_format
from tritonclient.grpc.model_config_pb2 import ModelConfig

FIELDS = ("name", "platform", "backend", "default_model_filename")


def read(text: str) -> dict[str, Any] | None:
    """The fields of one configuration."""
    try:
        config = text_format.Parse(text, ModelConfig())
    except text_format.ParseError:
        return None
    return {field: getattr(config, field) for field in FIELDS}


if __name__ == "__main__":
    names = [field.name for field in ModelConfig.DESCRIPTOR.fields]
    sys.stdout.write(json.dumps({"fields": names, "configs": [read(text) for text in json.load(sys.stdin)]}))
