"""Rules on the links of cards, once they were followed."""

from azureml_publish.checks.asked import OnlineCheck
from azureml_publish.checks.link import broken, moved, private, unreachable

CHECKS: tuple[OnlineCheck, ...] = (broken.CHECK, moved.CHECK, unreachable.CHECK, private.CHECK)
