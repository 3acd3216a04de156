"""What only the network knows: whether links work, what the Hub has. Asked here, judged in `checks`."""

from azureml_publish.lint.online.addresses import Guard
from azureml_publish.lint.online.answers import HubAnswer, LinkAnswer, LinkState, RegistryAnswer
from azureml_publish.lint.online.link_cache import LinkMemory
from azureml_publish.lint.online.link_client import Asker
from azureml_publish.lint.online.links import Hosts, LinksAsked, ask_links
from azureml_publish.lint.online.repositories import ask_repository

__all__ = [
    "Asker",
    "Guard",
    "Hosts",
    "HubAnswer",
    "LinkAnswer",
    "LinkMemory",
    "LinkState",
    "LinksAsked",
    "RegistryAnswer",
    "ask_links",
    "ask_repository",
]
