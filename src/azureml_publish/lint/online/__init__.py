"""What only the network knows: whether links work, what the Hub has. Fetched here, judged by the rules."""

from azureml_publish.lint.online.addresses import Guard
from azureml_publish.lint.online.answers import HubAnswer, LinkAnswer, LinkState, RegistryAnswer
from azureml_publish.lint.online.link_cache import LinkCache
from azureml_publish.lint.online.link_client import LinkClient
from azureml_publish.lint.online.links import FollowedLinks, Hosts, follow_links
from azureml_publish.lint.online.repositories import fetch_repository

__all__ = [
    "FollowedLinks",
    "Guard",
    "Hosts",
    "HubAnswer",
    "LinkAnswer",
    "LinkCache",
    "LinkClient",
    "LinkState",
    "RegistryAnswer",
    "fetch_repository",
    "follow_links",
]
