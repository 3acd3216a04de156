"""The rules, one file for each topic. `TOPICS` lists the files; the rules of a topic are the checks in its file."""

from azureml_publish.lint.check import Check
from azureml_publish.lint.rules import (
    broken_links,
    card_structure,
    card_text,
    catalogue,
    characters,
    citations,
    code_in_cards,
    deceptive,
    figures,
    files,
    finetuning,
    house,
    hub,
    identity,
    layouts,
    leftovers,
    licences,
    lifecycle,
    links,
    markdown_extensions,
    markup,
    masks,
    matching_facts,
    matching_files,
    matching_names,
    metadata,
    misspelled,
    mlmodel,
    other_models,
    parameters,
    paths,
    publishers,
    registry,
    revisions,
    sample_links,
    samples,
    signatures,
    sku_lists,
    sku_queries,
    sku_retirement,
    sku_specs,
    tables,
    tasks,
    vocabularies,
)

TOPICS = (
    *(identity, revisions, licences, lifecycle, metadata, tasks, misspelled, vocabularies, catalogue, layouts, files),
    *(sku_lists, sku_specs, sku_queries, sku_retirement),
    *(finetuning, paths),
    *(samples, signatures, mlmodel, masks),
    *(
        tables,
        card_structure,
        card_text,
        markdown_extensions,
        characters,
        deceptive,
        markup,
        leftovers,
        links,
        sample_links,
        other_models,
    ),
    *(code_in_cards, figures, citations),
    *(matching_names, matching_facts, parameters, matching_files, publishers),
    house,
)
"""Rules for every project, folder and card."""

ONLINE_TOPICS = (broken_links, hub, registry)
"""Rules for answers from the network, which run only with `--online`."""

ALL_CHECKS = tuple(one for topic in TOPICS for one in vars(topic).values() if isinstance(one, Check))
ONLINE_CHECKS = tuple(one for topic in ONLINE_TOPICS for one in vars(topic).values() if isinstance(one, Check))
