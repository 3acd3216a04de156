"""The journal: what it says, what it takes for damage, and how it fails; and the lock beside it."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from azureml_publish.errors import JournalFailed, Overtaken, UnusableJournal
from azureml_publish.execute.journal import (
    MOST_JOURNALS,
    Journal,
    ModelProgress,
    PastRun,
    Step,
    exclusive,
    last_run,
    read_journal,
)

NOW = datetime(2026, 3, 4, 5, 6, 7, 89_000, tzinfo=UTC)
HEAD = {
    "journal": 1, "apply": "a", "verb": "apply", "registry": "local", "plan": "d", "changes": 2, "tool": "t",
    "process": 7, "at": "now",
}  # fmt: skip
BEGUN = {"step": "begun", "model": "m", "version": 3, "action": "update", "at": "now"}


def begin(folder: Path) -> Journal:
    return Journal.begin(
        folder, verb="apply", registry="local", plan="d" * 64, changes=2, tool="publish/1", clock=lambda: NOW
    )


def write(path: Path, *lines: object) -> Path:
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return path


class TestWriting:
    def test_each_line_says_a_step_and_the_first_whose_it_is(self, tmp_path: Path) -> None:
        journal = begin(tmp_path / "deep" / "down")
        journal.note(Step.BEGUN, "m", 3, action="create")
        journal.note(Step.CONTENT, "m", 3, manifest="f" * 64)
        journal.end("finished")
        at = "2026-03-04T05:06:07.089+00:00"
        assert [json.loads(line) for line in journal.path.read_text().splitlines()] == [
            {
                "journal": 1, "apply": journal.apply, "verb": "apply", "registry": "local", "plan": "d" * 64,
                "changes": 2, "tool": "publish/1", "process": os.getpid(), "at": at,
            },
            {"step": "begun", "model": "m", "version": 3, "action": "create", "at": at},
            {"step": "content", "model": "m", "version": 3, "manifest": "f" * 64, "at": at},
            {"end": "finished", "at": at},
        ]  # fmt: skip
        assert journal.path.name == f"{journal.apply}.jsonl"
        assert journal.apply.startswith("20260304T050607.089Z-")

    def test_old_ones_go(self, tmp_path: Path) -> None:
        for number in range(MOST_JOURNALS + 5):
            write(tmp_path / f"20260304T04{number:02}00.000Z-0.jsonl", HEAD)
        (tmp_path / "lock").touch()
        journal = begin(tmp_path)
        journal.end("finished")
        kept = sorted(path.name for path in tmp_path.glob("*.jsonl"))
        assert len(kept) == MOST_JOURNALS
        assert kept[0] == "20260304T040600.000Z-0.jsonl"
        assert kept[-1] == journal.path.name
        assert (tmp_path / "lock").exists()

    def test_what_is_noted_is_there_at_once(self, tmp_path: Path) -> None:
        journal = begin(tmp_path)
        for number in range(5):
            journal.note(Step.BEGUN, f"m{number}", 1, action="create")
            assert len(journal.path.read_text().splitlines()) == number + 2
        journal.end("finished")

    def test_threads_write_whole_lines(self, tmp_path: Path) -> None:
        journal = begin(tmp_path)

        def work(name: str) -> None:
            for version in range(5):
                journal.note(Step.BEGUN, name, version, action="create")
                journal.note(Step.READ_BACK, name, version)

        threads = [threading.Thread(target=work, args=(f"m{number}",)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        journal.end("finished")
        run = read_journal(journal.path)
        assert run is not None
        assert len(run.done) == 20
        assert run.end == "finished"

    def test_a_folder_that_cannot_be_made_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(JournalFailed, match="cannot be written: ") as failed:
            begin(tmp_path / "file")
        assert "run again" in failed.value.hint

    def test_a_full_disk_fails_the_step_and_every_later_one(self, tmp_path: Path) -> None:
        journal = Journal(tmp_path / "j", os.open("/dev/full", os.O_WRONLY), "a", lambda: NOW)
        with pytest.raises(JournalFailed, match="No space left on device") as failed:
            journal.note(Step.BEGUN, "m", 1, action="create")
        assert journal.failure is failed.value
        with pytest.raises(JournalFailed):
            journal.note(Step.BEGUN, "n", 1, action="create")
        journal.end("failed")


class TestReading:
    def test_a_run_reads_as_it_was_written(self, tmp_path: Path) -> None:
        path = write(
            tmp_path / "j",
            HEAD, BEGUN, {**BEGUN, "model": "n", "action": "create"}, {**BEGUN, "model": "o"},
            {"step": "written", "model": "m", "version": 3, "at": "now"},
            {"step": "read-back", "model": "m", "version": 3, "at": "now"},
            {"step": "failed", "model": "o", "version": 3, "error": "Unreachable", "at": "now"},
        )  # fmt: skip
        run = read_journal(path)
        done = ModelProgress("m", 3, Step.READ_BACK, "update")
        open_ = ModelProgress("n", 3, Step.BEGUN, "create")
        failed = ModelProgress("o", 3, Step.FAILED, "update")
        assert run == PastRun("a", "apply", "local", 2, 7, "now", (done, open_, failed), "")
        assert run.done == (done,)
        assert run.under_way == (open_,)

    @pytest.mark.parametrize("torn", ['{"step": "begun", "mod', "{", json.dumps(BEGUN), "\N{SNOWMAN}"])
    def test_a_last_line_without_an_end_does_not_count(self, tmp_path: Path, torn: str) -> None:
        path = write(tmp_path / "j", HEAD)
        path.write_bytes(path.read_bytes() + torn.encode()[:-1])
        run = read_journal(path)
        assert run is not None
        assert run.models == ()

    @pytest.mark.parametrize("data", [b"", b'{"journal": 1'])
    def test_a_journal_without_a_whole_line_tells_of_no_run(self, tmp_path: Path, data: bytes) -> None:
        (tmp_path / "j").write_bytes(data)
        assert read_journal(tmp_path / "j") is None

    @pytest.mark.parametrize(
        ("lines", "said"),
        [
            (({**HEAD, "journal": 2},), ":1: its version is 2, this publish reads 1."),
            (({"step": "begun"},), ":1: its version is none, this publish reads 1."),
            ((HEAD, {**BEGUN, "colour": "red"}), ":2: the key 'colour' is unknown"),
            (({**HEAD, "host": "x"},), ":1: the key 'host' is unknown: another version wrote it, or somebody"),
            ((HEAD, {"step": "begun", "model": "m", "version": 3, "at": ""}), ":2: the key 'action' is missing."),
            ((HEAD, {**BEGUN, "step": "deleted"}), ":2: step is 'deleted': Input should be 'begun', 'content', "),
            ((HEAD, {"at": "now"}), ":2: the key 'step' is missing."),
            ((HEAD, "{oops", BEGUN), ":2:2: this line is not JSON."),
            ((HEAD, "", BEGUN), ":2:1: this line is not JSON."),
            ((HEAD, "[" * 100_000), ":2: this line is not JSON."),
            ((HEAD, "[]"), ":2: this line is not a JSON object."),
            ((HEAD, {**BEGUN, "version": "3"}), ":2: version is '3': Input should be a valid integer."),
            ((HEAD, {**BEGUN, "version": True}), ":2: version is True: Input should be a valid integer."),
            ((HEAD, {**BEGUN, "model": ["m"]}), ":2: model is ['m']: Input should be a valid string."),
            ((HEAD, {"step": "written", "model": "m", "version": 3, "at": ""}), ":2: m version 3 was never begun."),
            ((HEAD, {"end": "finished", "at": ""}, BEGUN), ":3: there is a line after the end."),
        ],
    )  # fmt: skip
    def test_damage_is_refused_with_its_place_and_the_mend(
        self, tmp_path: Path, lines: tuple[object, ...], said: str
    ) -> None:
        path = write(tmp_path / "j", *lines)
        with pytest.raises(UnusableJournal) as refused:
            read_journal(path)
        assert f"{path}{said}" in refused.value.message
        assert refused.value.hint == ("Move it away; nothing is lost: the registry, and no journal, says what is done.")

    def test_what_is_no_text_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "j").write_bytes(b"\xff\xfe\n")
        with pytest.raises(UnusableJournal, match="cannot be read"):
            read_journal(tmp_path / "j")

    def test_the_last_run_is_the_newest(self, tmp_path: Path) -> None:
        assert last_run(tmp_path / "nowhere") is None
        for name in ("2026-b", "2027-a", "2025-c"):
            write(tmp_path / f"{name}.jsonl", {**HEAD, "apply": name})
        found = last_run(tmp_path)
        assert found is not None
        assert found.apply == "2027-a"


class TestLock:
    @pytest.fixture
    def held(self, tmp_path: Path) -> Iterator[Path]:
        with exclusive(tmp_path / "journal" / "lock", tmp_path / "journal"):
            yield tmp_path / "journal"

    def test_it_keeps_a_second_one_out(self, held: Path) -> None:
        with pytest.raises(Overtaken) as refused, exclusive(held / "lock", held):
            pytest.fail("two runs at a time")
        assert refused.value.exit_code == 6
        assert refused.value.message == "Another run works on this registry. Nothing was written."

    def test_it_says_who_holds_it_where_a_journal_tells(self, held: Path) -> None:
        journal = begin(held)
        with pytest.raises(Overtaken) as refused, exclusive(held / "lock", held):
            pytest.fail("two runs at a time")
        journal.end("finished")
        assert f" (process {os.getpid()}, since 2026-03-04 05:06:07 UTC)." in refused.value.message

    def test_it_is_free_again_afterwards(self, tmp_path: Path) -> None:
        for _ in range(2):
            with exclusive(tmp_path / "lock", tmp_path):
                pass
        with pytest.raises(KeyError), exclusive(tmp_path / "lock", tmp_path):
            raise KeyError
        with exclusive(tmp_path / "lock", tmp_path):
            pass

    def test_a_place_that_cannot_be_written_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(JournalFailed, match="cannot be written"), exclusive(tmp_path / "file" / "lock", tmp_path):
            pytest.fail("no lock")
