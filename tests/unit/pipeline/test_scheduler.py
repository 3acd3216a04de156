"""What is left of a connection to a scheduler that breaks."""

from __future__ import annotations

import pytest
from distributed import Client, LocalCluster

from azureml_publish.errors import Unreachable
from azureml_publish.pipeline.scheduler import Scheduler


def test_a_connection_that_breaks_before_its_first_answer_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Client] = []

    def breaks(client: Client) -> None:
        asked.append(client)
        raise OSError("the connection was reset")

    monkeypatch.setattr(Client, "scheduler_info", breaks)
    with LocalCluster(n_workers=0, processes=False, dashboard_address="127.0.0.1:0") as cluster:
        with pytest.raises(Unreachable, match="does not answer"):
            Scheduler(cluster.scheduler_address)
        assert [client.status for client in asked] == ["closed"]
