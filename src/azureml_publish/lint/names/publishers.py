"""Publishers of models, by all their names, and families of models."""

from __future__ import annotations

from collections.abc import Mapping

from azureml_publish.lint.names.variants import alphanumeric, variant_of

_PUBLISHERS: Mapping[str, str] = {
    "AI21 Labs": "ai21labs ai21 jamba",
    "Alibaba": "qwen alibaba alibabacloud alibabanlp alibabapai tongyi",
    "BAAI": "baai",
    "Black Forest Labs": "blackforestlabs flux",
    "Cohere": "cohere cohereforai coherelabs command",
    "Databricks": "databricks mosaicml dolly dbrx mpt",
    "DeepSeek": "deepseek deepseekai",
    "EleutherAI": "eleutherai pythia",
    "Google": "google googlebert googlet5 googledeepmind deepmind gemma",
    "Hugging Face": "huggingface distilbert huggingfacetb huggingfaceh4",
    "IBM": "ibm ibmgranite granite",
    "Meta": "meta facebook metallama metaai facebookai facebookresearch llama codellama",
    "Microsoft": "microsoft microsoftresearch phi orca florence",
    "Mistral AI": "mistralai mistral mixtral ministral codestral pixtral",
    "NVIDIA": "nvidia nemotron nemo",
    "OpenAI": "openai openaicommunity gpt whisper",
    "Salesforce": "salesforce",
    "Snowflake": "snowflake snowflakeinc",
    "Stability AI": "stabilityai stability",
    "Technology Innovation Institute": "tii tiiuae technologyinnovationinstitute falcon",
    "xAI": "xai grok",
}
"""Publishers, with their names on the Hub and in MLmodel, and the first words of their models' names.

Source: https://huggingface.co/organizations, and the tag `author` in Azure/azureml-assets at 4b41f8ccbc.
"""

BY_NAME = {name: publisher for publisher, names in _PUBLISHERS.items() for name in names.split()}
BY_NAME |= {alphanumeric(publisher): publisher for publisher in _PUBLISHERS}
"""All names of publishers, in lower-case letters and digits, and the publisher of each."""

_FAMILIES = frozenset(
    (
        *("llama", "codellama", "phi", "mistral", "mixtral", "gemma", "qwen", "falcon", "whisper", "deepseek"),
        *("bloom", "bloomz", "mpt", "bert", "roberta", "distilbert", "gpt", "distilgpt", "vit", "clip", "starcoder"),
        *("opt", "bart", "pegasus", "deberta", "electra", "wav2vec", "resnet", "swin", "blip", "sam", "t5"),
    )
)
"""Families of base models, as single words of names."""


def publisher_of(name: str) -> str | None:
    """The publisher with this name; None where it is unknown."""
    return BY_NAME.get(alphanumeric(name))


def families_in(name: str) -> frozenset[str]:
    """The known families in a name: `phi` in `Phi-3-mini-4k-instruct`."""
    return variant_of(name).words & _FAMILIES


def unrelated(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether the families of two names are unrelated: no common name, no common part, no common publisher."""
    if not one or not other:
        return False
    for mine in one:
        for theirs in other:
            publisher = publisher_of(mine)
            if mine in theirs or theirs in mine or (publisher is not None and publisher == publisher_of(theirs)):
                return False
    return True
