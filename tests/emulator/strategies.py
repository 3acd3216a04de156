"""What may happen to folders and registries: the strategies that histories are drawn from."""

from __future__ import annotations

from hypothesis import strategies as st

from azureml_publish.emulator import Quirks
from tests.emulator.catalogue import MODELS, REGISTRIES

MODEL = st.sampled_from(MODELS)
REGISTRY = st.sampled_from(REGISTRIES)
TAGS = ["", " ", "plain", "True", "1", 1, 1.5, True, None, "[1, 2", '["a"]', ["a"], [1], [True], {"a": {"b": [None]}}]
NATIVE = ["", "1", 1, True, [], ["a"], {"a": None}, None]
FOLDER = st.one_of(
    st.fixed_dictionaries({"version": st.integers(1, 8)}),
    st.fixed_dictionaries({"license": st.sampled_from(["mit", "apache-2.0", "bsd-3-clause"])}),
    st.fixed_dictionaries({"languages": st.sampled_from([["en"], ["en", "de"], None])}),
    st.fixed_dictionaries({"archived": st.sampled_from([True, False, None])}),
    st.fixed_dictionaries({"type": st.sampled_from(["custom_model", "triton_model"])}),
    st.fixed_dictionaries({"compute": st.sampled_from([{"inference": "small"}, {"evaluation": "small"}, None])}),
    st.fixed_dictionaries(
        {"metadata": st.sampled_from([{"hiddenLayerScanned": True}, {"hiddenLayerScanned": False}, None])}
    ),
    st.fixed_dictionaries(
        {"extra": st.sampled_from(TAGS).map(lambda value: {"tags": {"note": value}, "properties": {"word": value}})}
    ),
    st.fixed_dictionaries({"extra": st.sampled_from(NATIVE).map(lambda value: {"system_metadata": {"note": value}})}),
)
CARD = st.sampled_from(["It reads.", "Ünïcode — reads.", "A | b, `c`, \"d\" and 'e'.", "1"])
CONSOLE = st.one_of(
    st.builds(
        lambda text: {"op": "replace", "path": "/description", "value": text}, st.sampled_from(["", "By hand.", None])
    ),
    st.builds(
        lambda key, value: {"op": "replace", "path": f"/kvTags/{key}", "value": value},
        st.sampled_from(["note", "license", "who"]),
        st.sampled_from(["", "plain", "1", "['a']", '["a"]', "[1]", "True"]),
    ),
    st.builds(
        lambda key, value: {"op": "add", "path": f"/systemMetadata/{key}", "value": value},
        st.sampled_from(["note", "license", "languages", "a~1b", "with.dot"]),
        st.sampled_from(NATIVE),
    ),
    st.builds(lambda archived: {"op": "replace", "path": "/isArchived", "value": archived}, st.booleans()),
    st.builds(
        lambda path: {"op": "remove", "path": path},
        st.sampled_from(["/kvTags/note", "/systemMetadata/license", "/systemMetadata", "/kvTags"]),
    ),
)
ODD = st.sampled_from(
    [
        Quirks(),
        Quirks(stale_reads=1),
        Quirks(stale_reads=2, bare_name_lists=True, ignore_list_view=True, page_size=1),
        Quirks(ignore_archive=True),
    ]
)
