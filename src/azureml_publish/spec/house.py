"""`rules` in `publish.yaml`: what a team requires of its models beyond what every registry does."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from azureml_publish.spec.reading import Written

Text = Annotated[str, Field(min_length=1, max_length=255, pattern=r"\S")]
Texts = Annotated[tuple[Text, ...], Field(max_length=500)]


class HouseRules(Written):
    """What every model of the project has to keep; a model that does not is an error of the linter (HOUSE)."""

    required_tags: Annotated[
        Texts, Field(description="Tags that every model sets to something, for example team and cost-center.")
    ] = ()
    allowed_licenses: Annotated[
        Texts, Field(description="The only licences that a model may have, for example mit and apache-2.0.")
    ] = ()
    name_patterns: Annotated[
        Texts,
        Field(description="Globs, one of which each model's name matches, for example contoso-*; also ? and [a-z]."),
    ] = ()
    required_sections: Annotated[
        Texts,
        Field(description="Headings that every card has, at any level and in any case, for example Intended use."),
    ] = ()
    banned_words: Annotated[
        Texts,
        Field(
            description="Words and phrases that no card or page uses, in any case, for example state of the art. "
            "Code and addresses are not looked at."
        ),
    ] = ()


NO_HOUSE_RULES = HouseRules.model_construct()
"""What holds where a team declares nothing."""
