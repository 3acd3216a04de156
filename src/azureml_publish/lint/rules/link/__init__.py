"""Rules on the links of cards, once they were followed."""

from azureml_publish.lint.online_rules import OnlineCheck
from azureml_publish.lint.rules.link import broken, moved, private, unreachable

CHECKS: tuple[OnlineCheck, ...] = (broken.CHECK, moved.CHECK, unreachable.CHECK, private.CHECK)
