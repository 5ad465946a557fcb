from __future__ import annotations

import hashlib
import logging
import sqlite3

import pyarrow.parquet as pq
import pytest
from tests.collection.conftest import Place

from impulse.collection.facade import DownloadIncomplete
from impulse.collection.kept import KeptReplays
from impulse.demo import edit_header, with_flipped_bits
from impulse.demo.server import KEY, DemoServer
from impulse.errors import AuthError, ConfigError, FetchError, SourceError


def manifest(place: Place, folder: str = "replays") -> list[dict]:
    rows: list[dict] = pq.read_table(place.folder / folder / "manifest.parquet").to_pylist()
    return rows


def rejects(place: Place) -> dict[str, str]:
    rows = pq.read_table(place.folder / "replays" / "rejects.parquet").to_pylist()
    return {row["source_path"]: row["reason"] for row in rows}


def test_manifest_lists_what_is_there_with_what_the_api_knows(place: Place, replays: list[bytes]) -> None:
    """A row has the hash of its file, its id on the server, and the API's playlist, season, ranks, uploader and group."""
    place.server.add_replay("aaaa-1", replays[0], "top")
    result = place.get()

    assert (result.successful, result.total) == (1, 1)
    assert result.files[0].read_bytes() == replays[0]
    (row,) = manifest(place)
    assert row["sha256"] == hashlib.sha256(replays[0]).hexdigest()
    wanted = {
        "replay_id": "aaaa-1",
        "path": "aaaa-1.replay",
        "source": "ballchasing",
        "playlist": "ranked-standard",
        "season_api": "f17",
        "min_rank": "gold-3",
        "max_rank": "platinum-1",
        "uploader_id": "76561198141161044",
        "title": "../title",
        "group_path": ["Group / top"],
        "group_ids": ["top"],
        "group_1": "Group / top",
        "group_2": None,
    }
    assert {name: row[name] for name in wanted} == wanted
    assert row["uploaded_at"].isoformat() == "2025-01-01T00:00:00"


def test_the_address_of_a_group_is_as_good_as_its_id(place: Place, replays: list[bytes]) -> None:
    """The id goes into ledger and manifest, so that both ways are one download; what is no group makes no call."""
    place.server.add_replay("aaaa-1", replays[0], "top")
    result = place.get("https://ballchasing.com/group/top/?tab=stats#x")
    calls, before = len(place.server.calls), manifest(place)
    assert before[0]["group_ids"] == ["top"]
    assert (place.get("top").successful, result.successful, manifest(place)) == (1, 1, before)
    with pytest.raises(
        ConfigError, match=r"^group_id: 'https://ballchasing.com/replay/x' is no group; expected its id"
    ):
        place.get("https://ballchasing.com/replay/x")
    assert len(place.server.calls) == calls


@pytest.mark.parametrize("progress", [True, False])
def test_a_download_shows_what_goes_on(
    progress: bool,
    place: Place,
    replays: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In a program without logging, as in a notebook, lines on stderr say what there is to do and how far it is."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    monkeypatch.setattr("impulse.run.progress.LINE_EVERY_SECONDS", 0.0)
    for number in range(3):
        place.server.add_replay(f"replay-{number}", replays[number], "top")
    place.get(progress=progress)
    lines = [line[9:].split(",")[0] for line in capsys.readouterr().err.splitlines()]
    wanted = ["impulse: 3 replays listed", "impulse: 1 of 3 replays", "impulse: 2 of 3 replays"]
    assert lines[:3] == (wanted if progress else [])
    assert bool(lines) == progress


def test_a_folder_in_the_home_is_meant_by_its_tilde(
    place: Place, replays: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No folder called ~ is made."""
    place.server.add_replay("aaaa-1", replays[0], "top")
    monkeypatch.setenv("HOME", str(place.folder / "home"))
    result = place.get(output_dir="~/replays")
    assert result.files == (place.folder / "home" / "replays" / "aaaa-1.replay",)
    assert result.files[0].read_bytes() == replays[0]


def test_second_run_makes_no_call(place: Place, replays: list[bytes]) -> None:
    """What the ledger knows is not asked for again, and nothing is written anew."""
    for number in range(5):
        place.server.add_replay(f"replay-{number}", replays[number], "top")
    place.get()
    before, calls = place.written(), len(place.server.calls)
    result = place.get()

    assert (result.successful, result.downloaded_now) == (5, 0)
    assert place.written() == before
    assert len(place.server.calls) == calls


def test_second_run_reads_no_file(place: Place, replays: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found in headers is kept beside the ledger; without it each is read once more."""
    for number in range(5):
        place.server.add_replay(f"replay-{number}", replays[number], "top")
    place.get()
    before, read, names = place.written(), KeptReplays.read, []

    def counted(kept: KeptReplays, name: str, limit: int | None = None) -> bytes:
        names.append(name)
        return read(kept, name, limit)

    monkeypatch.setattr(KeptReplays, "read", counted)
    place.get()
    assert names == []
    (place.folder / "ledger.sqlite.facts").unlink()
    place.get()
    assert len(names) == 5
    assert place.written() == before


def test_files_are_known_again_without_the_ledger(place: Place, replays: list[bytes]) -> None:
    """Files that are there are verified and not downloaded twice when the ledger is lost; a damaged one is."""
    for number in range(3):
        place.server.add_replay(f"replay-{number}", replays[number], "top")
    place.get()
    before = place.written()
    (place.folder / "replays" / "replay-1.replay").write_bytes(with_flipped_bits(replays[1]))
    place.get(config=place.config(database_path=place.folder / "another.sqlite"))

    assert place.written() == before
    assert place.server.files_sent == {"replay-0": 1, "replay-1": 2, "replay-2": 1}


def test_file_of_another_replay_is_not_taken_for_this_one(place: Place, replays: list[bytes]) -> None:
    """A good file whose bytes are not those that the server gave is replaced."""
    place.server.add_replay("replay-0", replays[0], "top")
    (file,) = place.get().files
    file.write_bytes(replays[1] + b"longer")
    assert place.get().files[0].read_bytes() == replays[0]


def test_only_leftovers_of_our_own_are_removed(place: Place, replays: list[bytes]) -> None:
    """The folder may be the user's: what lies in its folders is not touched, and a folder is no leftover."""
    place.server.add_replay("replay-0", replays[0], "top")
    for name in (".a.replay.1.partial", "sub/.b.partial", ".folder.partial/c"):
        path = place.folder / "replays" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    place.get()
    assert {name for name in place.written() if "partial" in name} == {"sub/.b.partial", ".folder.partial/c"}


def test_deleted_file_is_downloaded_again(place: Place, replays: list[bytes]) -> None:
    """The ledger is not believed about files that are gone from the folder."""
    place.server.add_replay("replay-0", replays[0], "top")
    (file,) = place.get().files
    file.unlink()
    assert place.get().files[0].read_bytes() == replays[0]


def test_refresh_lists_anew_and_downloads_only_what_is_new(place: Place, replays: list[bytes]) -> None:
    """New replays are found with refresh and only then."""
    place.server.add_replay("replay-0", replays[0], "top")
    place.get()
    place.server.add_replay("replay-1", replays[1], "top")

    assert place.get().successful == 1
    assert place.get(refresh=True).successful == 2
    assert place.server.files_sent == {"replay-0": 1, "replay-1": 1}


@pytest.mark.parametrize(
    "fault",
    [
        *("429", "429:3", "429:nonsense", "429:99999999", "429:Wed, 21 Oct 2065 07:28:00 GMT"),
        *("500", "502", "503:1", "504", "reset", "truncated", "stall", "trickle", "html", "empty", "garbage", "short"),
        *("chunked", "close", "same"),
    ],
)
def test_passing_fault_is_survived(place: Place, replays: list[bytes], fault: str) -> None:
    """Whatever goes wrong once, the right bytes arrive in the end."""
    place.server.add_replay("replay-0", replays[0], "top")
    place.server.faults["/replays/replay-0/file"] = [fault]
    result = place.get()
    assert result.successful == 1
    assert result.files[0].read_bytes() == replays[0]


@pytest.mark.parametrize(
    ("fault", "reason", "calls"),
    [
        ("garbage", "body_crc_mismatch", 4),
        ("short", "truncated", 4),
        ("403", "forbidden", 2),
        ("404", "gone", 2),
        ("410", "gone", 2),
    ],
)
def test_what_is_wrong_with_a_replay_is_recorded_once(
    place: Place, replays: list[bytes], fault: str, reason: str, calls: int
) -> None:
    """Asked for twice, minutes apart, it is a reject with its reason, is not tried again unasked, and harms no other."""
    path = "/replays/replay-0/file"
    place.server.add_replay("replay-0", replays[0], "top")
    place.server.add_replay("replay-1", replays[1], "top")
    place.server.always[path] = fault
    result = place.get()

    assert (result.successful, result.total) == (1, 2)
    assert rejects(place) == {"replay-0": reason}
    assert place.server.count(path) == calls
    assert {name for name in place.written() if name.endswith(".replay")} == {"replay-1.replay"}
    place.get()
    assert place.server.count(path) == calls
    place.server.always.clear()
    assert place.get().successful == 1
    assert place.get(retry_failed=True).successful == 2
    assert rejects(place) == {}


TROUBLE = [
    *("500", "503:1", "reset", "truncated", "stall", "400", "418", "html", "json", "empty"),
    *("foreign:http://192.0.2.1/x", "location:http://[bad", "location:ftp://localhost/x", "location:"),
]


@pytest.mark.parametrize("fault", TROUBLE)
def test_trouble_with_one_replay_is_never_green_and_never_final(place: Place, replays: list[bytes], fault: str) -> None:
    """All others are kept, the run fails and names it; the next one has it, and all is as if nothing had been."""
    for number in range(3):
        place.server.add_replay(f"replay-{number}", replays[number], "top")
    undisturbed = place.get(folder="undisturbed", config=place.config(database_path=place.folder / "other.sqlite"))
    place.server.always["/replays/replay-1/file"] = fault
    with pytest.raises(
        DownloadIncomplete, match=r"1 recordings could not be had although others could: replay-1"
    ) as caught:
        place.get()
    assert (caught.value.result.successful, caught.value.result.failed) == (2, 1)
    assert rejects(place) == {"replay-1": "download_failed"}
    place.server.always.clear()
    assert place.get().successful == undisturbed.successful == 3
    assert place.written() == place.written("undisturbed")


def test_replay_that_fails_in_run_after_run_is_given_up_and_still_tried_later(
    place: Place, replays: list[bytes]
) -> None:
    """One that the server never delivers keeps no build red for ever, and is had once it is there, at growing distances."""
    path = "/replays/replay-0/file"
    place.server.add_replay("replay-0", replays[0], "top")
    place.server.add_replay("replay-1", replays[1], "top")
    place.server.always[path] = "500"
    for _ in range(2):
        with pytest.raises(DownloadIncomplete):
            place.get()
    calls = place.server.count(path)
    for _ in range(3):  # soon after one another they are no proof
        with pytest.raises(DownloadIncomplete, match="replay-0"):
            place.get()
    assert place.server.count(path) > calls
    place.clock.time += 3601
    assert place.get().failed == 1
    place.server.always.clear()
    assert place.get().failed == 1
    place.clock.time += 6 * 3601
    assert place.get().successful == 2


def test_deleted_between_list_and_download_is_gone(place: Place, replays: list[bytes]) -> None:
    """A listed replay without a file is recorded as gone."""
    place.server.add_replay("replay-0", replays[0], "top")
    del place.server.files["replay-0"]
    assert place.get(max_lost_share=1).gone == 1
    with pytest.raises(DownloadIncomplete, match="1 of 1 recordings are lost"):
        place.get()


def test_429_for_ever_ends_the_run(place: Place, replays: list[bytes]) -> None:
    """Waits add up to little more than an hour and what an outage may last; then it is one line, and no replay is lost."""
    place.server.add_replay("replay-0", replays[0], "top")
    place.server.always["/replays/replay-0/file"] = "429"
    started = place.clock.now()
    with pytest.raises(DownloadIncomplete, match="perhaps by another program; run again later") as caught:
        place.get(outage_patience=0)
    assert caught.value.result.pending == 1
    assert 3600 < place.clock.now() - started < 7200
    assert place.server.count("/replays/replay-0/file") < 40
    place.server.always.clear()
    assert place.get().successful == 1


def test_retry_after_of_nothing_is_no_invitation_to_hammer(place: Place, replays: list[bytes]) -> None:
    """A server that refuses for ever and asks for no wait is left alone longer and longer."""
    place.server.add_replay("replay-0", replays[0], "top")
    place.server.always["/replays/replay-0/file"] = "429:0"
    with pytest.raises(DownloadIncomplete):
        place.get(outage_patience=0)
    assert place.server.count("/replays/replay-0/file") < 40


def test_retry_after_is_kept_across_restarts(place: Place, replays: list[bytes]) -> None:
    """A wait that the server asked for binds the next process too."""
    place.server.add_replay("replay-0", replays[0], "top")
    place.server.always["/replays/replay-0/file"] = "429:900"
    with pytest.raises(DownloadIncomplete):
        place.get(outage_patience=0)
    place.server.always.clear()
    at = place.clock.now()
    place.get()
    assert place.clock.now() - at <= 1000
    assert max(place.clock.waits) >= 900


@pytest.mark.parametrize("evil", ["../../x", "..%2f..%2fy", "a/b", "C:\\x", "con", "UPPER", "x" * 150, "a b", "ünï"])
def test_evil_ids_stay_in_the_folder(place: Place, replays: list[bytes], evil: str) -> None:
    """Whatever an id is, its file stands in the folder under a plain name and the manifest keeps the id."""
    place.server.add_replay(evil, replays[0], "top")
    (file,) = place.get().files

    assert file.parent == place.folder / "replays"
    assert file.name.removesuffix(".replay").isalnum()
    assert file.name.islower()
    assert manifest(place)[0]["source_path"] == evil
    outside = {path.name for path in place.folder.iterdir()}
    beside = {".ledger.sqlite.lock", "ledger.sqlite.seen", "ledger.sqlite.facts"}
    assert outside == {"replays", "ledger.sqlite", *beside}


def test_entries_without_a_usable_id_are_left_out(place: Place, replays: list[bytes]) -> None:
    """Entries that are no replays, or whose id would climb out of a URL, do no harm."""
    place.server.add_replay("replay-0", replays[0], "top")
    for number, bad in enumerate(["..", "", 7, None]):
        place.server.add_replay(f"bad-{number}", replays[1], "top", id=bad)
    assert place.get().total == 1


def test_several_uploads_of_a_recording_are_downloaded_once(place: Place, replays: list[bytes]) -> None:
    """The first upload is taken; when it is gone, the next one."""
    same = {"rocket_league_id": "AB" * 16}
    place.server.add_replay("upload-b", replays[0], "top", **same)
    place.server.add_replay("upload-a", replays[0], "top", **same)
    assert place.get().duplicates == 1
    assert place.server.files_sent == {"upload-b": 1}
    assert rejects(place) == {"upload-a": "duplicate_recording"}

    del place.server.files["upload-b"]
    place.get(folder="elsewhere")
    assert [row["replay_id"] for row in manifest(place, "elsewhere")] == ["upload-a"]


def test_duplicates_that_only_the_bytes_show_are_kept_once(place: Place, replays: list[bytes]) -> None:
    """Uploads with the same bytes, or the same recording id in the header, give one row, however they arrive."""
    for name in ("upload-c", "upload-a", "upload-b"):
        place.server.add_replay(name, replays[0], "top")
    place.get()

    assert [row["replay_id"] for row in manifest(place)] == ["upload-c"]
    assert [name for name in place.written() if name.endswith(".replay")] == ["upload-c.replay"]
    assert rejects(place) == {"upload-a": "duplicate_bytes", "upload-b": "duplicate_bytes"}
    calls = len(place.server.calls)
    assert place.get().duplicates == 2
    assert len(place.server.calls) == calls


def test_copy_under_another_id_saves_a_download(place: Place, replays: list[bytes]) -> None:
    """A file that is missing under its own id but there under a duplicate's is moved, not downloaded."""
    place.server.add_group("second")
    place.server.add_replay("upload-b", replays[0], "top")
    place.server.add_replay("upload-a", replays[0], "top", "second")
    (first,) = place.get().files
    place.get("second")
    first.unlink()
    calls = len(place.server.calls)
    assert place.get().files == (first,)
    assert first.read_bytes() == replays[0]
    assert len(place.server.calls) == calls


def test_recordings_that_only_the_header_shows_are_taken_once(place: Place, replays: list[bytes]) -> None:
    """Different bytes with the same recording id in their headers are one recording; the first upload is taken."""
    other = edit_header(replays[0], {"ReplayName": "Synthetic match, renamed"})
    place.server.add_replay("upload-b", replays[0], "top")
    place.server.add_replay("upload-a", other, "top")
    place.get()
    assert [row["replay_id"] for row in manifest(place)] == ["upload-b"]
    assert rejects(place) == {"upload-a": "duplicate_recording"}


def test_run_ends_at_its_limit_and_the_next_goes_on(place: Place, replays: list[bytes]) -> None:
    """max_replays and max_hours end a run in success, with the rest as rejects that say so."""
    for number in range(20):
        place.server.add_replay(f"replay-{number}", replays[number], "top")
    first = place.get(max_replays=3)
    assert (first.successful, first.pending, first.total) == (3, 17, 20)
    assert set(rejects(place).values()) == {"not_fetched"}
    hours = place.get(max_hours=0.001)
    assert 3 < hours.successful < 20
    assert place.get().successful == 20
    assert set(place.server.files_sent.values()) == {1}


def test_wrong_key_is_one_clear_line(place: Place, replays: list[bytes]) -> None:
    """A refused key ends the run and is not in the message, even when the server repeats it."""
    with pytest.raises(AuthError, match="refuses the API key") as caught:
        place.get(config=place.config(ballchasing_api_key="wr0ng-key"))
    assert "wr0ng" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_group_is_one_clear_line(place: Place) -> None:
    """A group that does not exist is named."""
    with pytest.raises(SourceError, match="there is no group 'nowhere'"):
        place.get("nowhere")


@pytest.mark.parametrize(("storage", "setting"), [("s3", "s3_bucket_name"), ("ftp", "storage_type")])
def test_storage_that_is_not_there_is_refused(place: Place, storage: str, setting: str) -> None:
    """Storage that cannot be had, and a bucket without a name, are refused before any call."""
    with pytest.raises(ConfigError, match=setting):
        place.get(storage_type=storage)
    assert place.server.calls == []


@pytest.mark.parametrize(
    ("name", "prefix", "setting"),
    [("My Bucket!", None, "s3_bucket_name"), ("b/c", None, "s3_bucket_name"), ("bucket", "a//../b", "s3_prefix")],
)
def test_place_that_is_none_is_refused(place: Place, name: str, prefix: str | None, setting: str) -> None:
    """Bucket and prefix are checked before any call, to the server or to a store."""
    config = place.config(s3_bucket_name=name, s3_prefix=prefix)
    with pytest.raises(ConfigError, match=f"^{setting}: "):
        place.get(storage_type="s3", config=config)
    assert place.server.calls == []


def test_tier_is_that_of_the_key(place: Place) -> None:
    """Another key is asked for its own tier, however lately that of the first one was."""
    place.get(accept_incomplete=["top"])
    place.get(accept_incomplete=["top"])
    assert place.server.count("/") == 1
    with pytest.raises(AuthError):
        place.get(config=place.config(ballchasing_api_key="another-key"))
    assert place.server.calls[-1] == "/"
    assert place.server.count("/") == 2


def test_message_names_the_call(place: Place, replays: list[bytes]) -> None:
    """Whatever is wrong with an answer, its reject says which call it was."""
    faults = ("truncated", "html", "foreign:http://192.0.2.1/x")
    for number, fault in enumerate(faults):
        place.server.add_replay(f"replay-{number}", replays[number], "top")
        place.server.always[f"/replays/replay-{number}/file"] = fault
    with pytest.raises(DownloadIncomplete):
        place.get()
    rows = pq.read_table(place.folder / "replays" / "rejects.parquet").to_pylist()
    assert len(rows) == len(faults)
    assert all(row["detail"].startswith(f"GET /replays/{row['replay_id']}/file: ") for row in rows)


def test_key_is_in_the_header_and_nowhere_else(place: Place, replays: list[bytes], caplog) -> None:
    """Ledger, files, logs, reprs and URLs do not hold the key; every call to the configured origin does, as a header."""
    caplog.set_level(logging.DEBUG)
    place.server.add_replay("replay-0", replays[0], "top")
    place.server.add_replay("replay-1", replays[1], "top")
    place.server.always["/replays/replay-1/file"] = "500"
    place.server.faults["/replays/replay-0/file"] = ["429", "reset"]
    with pytest.raises(DownloadIncomplete) as caught:
        place.get()
    result = caught.value.result

    assert all(header["Authorization"] == KEY for header in place.server.headers)
    assert all(KEY not in call for call in place.server.calls)
    assert KEY not in caplog.text + repr(place.config()) + repr(result)
    for path in place.folder.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path
    with sqlite3.connect(place.folder / "ledger.sqlite") as database:
        assert KEY not in "\n".join(database.iterdump())
    database.close()


def test_file_that_is_kept_elsewhere_is_had_without_the_key(place: Place, replays: list[bytes]) -> None:
    """The storage sees no key, its calls cost no quota of the server, and its own failures are no word about a replay."""
    for number in range(4):
        place.server.add_replay(f"replay-{number}", replays[number], "top")
        place.server.always[f"/replays/replay-{number}/file"] = "redirect"
    assert place.get().successful == 4
    assert len(place.server.storage_headers) == 4
    for headers in place.server.storage_headers:
        assert KEY not in str(headers)
        assert "Authorization" not in headers


@pytest.mark.parametrize("path", ["/groups/top", "/replays", "/groups", "/"])
def test_lists_are_believed_from_the_server_alone(place: Place, replays: list[bytes], path: str) -> None:
    """A redirect of anything but a file to another origin is not followed at all, let alone with the key."""
    with DemoServer(clock=place.clock.now) as other:
        place.server.add_replay("replay-0", replays[0], "top")
        place.server.always[path] = f"foreign:{other.url}{path}"
        with pytest.raises(FetchError):
            place.get(outage_patience=0)
        assert other.calls == []
