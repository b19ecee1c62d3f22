"""Messages and the journal."""

from __future__ import annotations

import contextlib
import math
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trainer.full_disk import largest_file
from trainer_proc.contract import journal_records
from trainer_proc.contract.codec import decode_frame, decode_reply, decode_request, encode, pack_values, unpack_values
from trainer_proc.contract.journal import JournalReader, JournalWriter
from trainer_proc.contract.journal_records import FrameTooLarge, decode_records
from trainer_proc.contract.messages import (
    PROTOCOL,
    Body,
    Frame,
    InterventionQueued,
    IterationFinished,
    PhaseChanged,
    RunStarted,
    TrainerBody,
)
from trainer_proc.contract.records import record_of
from trainer_proc.contract.requests import Command, Reply, Request
from trainer_proc.contract.stand_ins import Damaged

LEAVES = {
    str: st.text(max_size=20),
    int: st.integers(-(2**63), 2**64 - 1),
    float: st.floats(),
    bytes: st.binary(max_size=20),
    bool: st.booleans(),
    type(None): st.none(),
}


tables = st.recursive(
    st.one_of(LEAVES.values()),
    lambda within: st.lists(within, max_size=3) | st.dictionaries(LEAVES[str], within, max_size=3),
    max_leaves=5,
)
"""Values of a preset's tables, which are sent unchanged."""


def any_of(hint):
    """Every value that a message or its field can have."""
    if get_origin(hint) is Annotated:
        kind, limits = get_args(hint)
        numbers = st.integers if kind is int else st.floats
        return numbers(limits.ge, limits.le)
    if hint is Any:
        return tables
    if hint in LEAVES:
        return LEAVES[hint]
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) is tuple:
        first, *rest = get_args(hint)
        if rest == [...]:
            return st.lists(any_of(first), max_size=3).map(tuple)
        return st.tuples(any_of(first), *map(any_of, rest))
    if get_origin(hint) is dict:
        return st.dictionaries(*map(any_of, get_args(hint)), max_size=3)
    if hint is RunStarted:  # of a newer major version it would be refused
        fields = {name: any_of(field) for name, field in get_type_hints(hint, include_extras=True).items()}
        return st.builds(hint, **fields | {"protocol": st.integers(0, PROTOCOL)})
    if isinstance(hint, type):
        return st.builds(
            hint, **{name: any_of(field) for name, field in get_type_hints(hint, include_extras=True).items()}
        )
    return st.one_of([any_of(choice) for choice in get_args(hint)])


frames = any_of(Frame)
frame_lists = st.lists(any_of(TrainerBody | InterventionQueued), max_size=6).map(
    lambda bodies: [Frame(number, 1e9, body) for number, body in enumerate(bodies)]
)


@contextlib.contextmanager
def journal_of(written):
    """Write a journal with these frames; return it and the byte at which each frame ends."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "journal.msgpack"
        writer = JournalWriter(path)
        ends = []
        for frame in written:
            writer.append(encode(frame))
            ends.append(path.stat().st_size)
        writer.close()
        yield path, ends


def encoded(read):
    """Return frames as bytes, because NaN does not equal NaN."""
    return [encode(frame) for frame in read]


@pytest.mark.parametrize("kind", get_args(Body))
@given(data=st.data())
@settings(max_examples=20)
def test_every_body_survives_the_wire(kind, data):
    frame = data.draw(st.builds(Frame, number=st.integers(0, 2**53), time=st.floats(0, 1e11), body=any_of(kind)))
    decoded = decode_frame(encode(frame))
    assert type(decoded.body) is kind
    assert encode(decoded) == encode(frame)


@given(st.builds(Request, id=LEAVES[int], command=any_of(Command)))
def test_a_request_survives_the_wire(request):
    assert encode(decode_request(encode(request))) == encode(request)


@given(any_of(Union[get_args(Reply)]))  # noqa: UP007 (a union made from a tuple)
def test_a_reply_survives_the_wire(reply):
    assert encode(decode_reply(encode(reply))) == encode(reply)


@given(frames, st.data())
def test_bytes_that_are_no_message_are_one_kind_of_error(frame, data):
    damaged = bytearray(encode(frame))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    for decode in (decode_frame, decode_request, decode_reply):
        with contextlib.suppress(msgspec.DecodeError):
            decode(bytes(damaged))


def test_text_that_is_not_utf_8_and_bottomless_nesting_are_decode_errors_too():
    phase = encode(Frame(0, 0.0, PhaseChanged("building", "what")))
    with pytest.raises(msgspec.DecodeError):
        decode_frame(phase.replace(b"what", b"wh\xfft"))
    with pytest.raises(msgspec.DecodeError):
        decode_frame(phase[:-1] + b"\x91" * 100_000 + b"\x00")
    ping_with_more = b"\x92\x01\x82\xa4type\xa4Ping\xa4more" + b"\x91" * 100_000 + b"\x00"
    with pytest.raises(msgspec.DecodeError):
        decode_request(ping_with_more)


@given(st.lists(st.floats()))
def test_metric_values_are_kept_at_float32_precision(values):
    unpacked = unpack_values(pack_values(values))
    assert len(unpacked) == len(values)
    for value, kept in zip(values, unpacked, strict=True):
        if math.isnan(value):
            assert math.isnan(kept)
        elif abs(value) > 3.4028234663852886e38:
            assert kept == math.copysign(math.inf, value)
        else:
            assert kept == pytest.approx(value, rel=1e-7, abs=1e-45)


@settings(max_examples=40)
@given(frame_lists, st.data())
def test_a_journal_cut_at_any_byte_keeps_the_complete_frames_before_the_cut(written, data):
    with journal_of(written) as (path, ends):
        cut = data.draw(st.integers(0, path.stat().st_size))
        with open(path, "ab") as file:
            file.truncate(cut)
        whole = [frame for frame, end in zip(written, ends, strict=True) if end <= cut]
        assert encoded(JournalReader(path).read_new()) == encoded(whole)

        writer = JournalWriter(path)
        assert writer.next_number == len(whole)
        assert path.stat().st_size == ([0, *ends][len(whole)])
        added = Frame(writer.next_number, 2e9, PhaseChanged("training"))
        writer.append(encode(added))
        writer.close()
        assert encoded(JournalReader(path).read_new()) == encoded([*whole, added])


@settings(max_examples=40)
@given(frame_lists, st.lists(st.integers(1, 200), min_size=1))
def test_a_growing_journal_reads_as_the_complete_one(written, chunk_sizes):
    with journal_of(written) as (path, _):
        data = path.read_bytes()
        growing = path.with_name("growing")
        reader = JournalReader(growing)
        read = reader.read_new()
        position = 0
        with open(growing, "wb", buffering=0) as file:
            while position < len(data):
                size = chunk_sizes[position % len(chunk_sizes)]
                file.write(data[position : position + size])
                position += size
                read += reader.read_new()
        assert encoded(read) == encoded(written)
        assert reader.offset == len(data)


@settings(max_examples=60)
@given(frame_lists.filter(bool), st.data())
def test_of_a_damaged_journal_all_is_read_but_the_records_that_were_hit(written, data):
    with journal_of(written) as (path, ends):
        content = path.read_bytes()
        start = data.draw(st.integers(0, len(content)))
        stop = data.draw(st.integers(start, len(content)))
        instead = data.draw(st.binary(max_size=30) | st.integers(0, 2000).map(bytes), label="bytes instead")
        path.write_bytes(content[:start] + instead + content[stop:])
        spared = [f for f, begin, end in zip(written, [0, *ends], ends, strict=False) if end <= start or begin >= stop]
        reader = JournalReader(path)
        read = reader.read_new()
        frames = [frame for frame in read if not isinstance(frame.body, Damaged)]
        skipped = [(frame.body.start, frame.body.size) for frame in read if isinstance(frame.body, Damaged)]
        assert {*encoded(spared)} <= {*encoded(frames)} <= {*encoded(written)}
        assert encoded(sorted(frames, key=lambda frame: frame.number)) == encoded(frames)
        assert all(before + size <= after for (before, size), (after, _) in pairwise(skipped))
        assert reader.offset <= path.stat().st_size


@settings(max_examples=40)
@given(frame_lists, st.integers(1, 300), st.integers(1, 3))
def test_a_journal_read_in_pieces_is_the_complete_one(written, piece, most):
    with journal_of(written) as (path, _), pytest.MonkeyPatch.context() as patch:
        patch.setattr("trainer_proc.contract.journal._PIECE", piece)
        assert encoded(JournalReader(path).read_new()) == encoded(written)
        reader, read = JournalReader(path), []
        for _ in range(path.stat().st_size // piece + len(written) + 2):
            read += reader.read_new(most)
        assert encoded(read) == encoded(written)


@pytest.mark.parametrize("damage", [b"\xc5", bytes(5000), b"\xc6\x00\x10\x00\x00\x94", b"\xc6" * 100])
def test_what_is_damaged_is_skipped_and_counted_and_a_writer_continues_behind_it(damage):
    written = [Frame(number, 5.0, PhaseChanged("training", str(number))) for number in range(3)]
    with journal_of(written) as (path, ends):
        content = path.read_bytes()
        path.write_bytes(content[: ends[1]] + damage + content[ends[1] :])
        read = JournalReader(path).read_new()
        assert read == [*written[:2], Frame(1, 5.0, Damaged(ends[1], len(damage))), written[2]]
        path.write_bytes(content + damage)
        writer = JournalWriter(path)
        assert writer.next_number == 3
        added = Frame(3, 6.0, PhaseChanged("finished"))
        writer.append(encode(added))
        writer.close()
        assert [frame for frame in JournalReader(path).read_new() if frame.number == 3] == [added]


def test_a_changed_value_is_damage_though_it_decodes():
    written = [Frame(number, 0.0, IterationFinished(number, 0, pack_values([1.0]), 9, 9.0)) for number in range(3)]
    with journal_of(written) as (path, ends):
        content = path.read_bytes()
        path.write_bytes(content[: ends[0]] + content[ends[0] :].replace(pack_values([1.0]), pack_values([2.0]), 1))
        assert [frame.number for frame in JournalReader(path).read_new() if frame.body in [written[1].body]] == []
        assert [f.body.iteration for f in JournalReader(path).read_new() if not isinstance(f.body, Damaged)] == [0, 2]


def test_a_frame_with_more_fields_and_without_a_checksum_is_damage(tmp_path):
    """Bytes that were inserted may leave a shorter frame and a text in the place of the checksum."""
    path = tmp_path / "journal.msgpack"
    frame = encode(Frame(0, 0.0, PhaseChanged("training")))
    path.write_bytes(record_of(b"\x94" + frame[1:] + b"\xa4text"))
    assert [type(read.body) for read in JournalReader(path).read_new()] == [Damaged]


def test_journals_without_checksums_are_read_and_continued(tmp_path):
    written = [Frame(number, 0.0, PhaseChanged("training", str(number))) for number in range(3)]
    path = tmp_path / "journal.msgpack"
    path.write_bytes(record_of(encode(written[0])) + b"damage" + record_of(encode(written[1])))
    writer = JournalWriter(path)
    writer.append(encode(written[2]))
    writer.close()
    assert [f for f in JournalReader(path).read_new() if not isinstance(f.body, Damaged)] == written


def test_damage_made_to_look_like_records_is_skipped_in_linear_time(monkeypatch):
    checked = []
    crc = journal_records.crc32
    monkeypatch.setattr(journal_records, "crc32", lambda data: checked.append(len(data)) or crc(data))
    looks_sealed = b"\xc6\x00\x04\x00\x00\x94" + b"\xce" * 4
    data = looks_sealed * 60_000
    decode_records(data, Path("journal"), 0)
    assert sum(checked) < 20 * len(data)


def test_a_frame_too_large_for_a_record_is_refused(tmp_path):
    writer = JournalWriter(tmp_path / "journal.msgpack")
    with pytest.raises(FrameTooLarge, match=r"at most 16 MiB, got 17\.0 MiB"):
        writer.append(encode(Frame(0, 0.0, PhaseChanged("training", "x" * 17 * 2**20))))
    writer.close()
    assert JournalReader(tmp_path / "journal.msgpack").read_new() == []


@settings(max_examples=30)
@given(frame_lists.filter(bool), st.data())
def test_a_frame_that_the_disk_refuses_leaves_nothing_behind(written, data):
    refused = Frame(len(written), 2e9, PhaseChanged("training", "x" * 100))
    with journal_of(written) as (path, ends):
        writer = JournalWriter(path)
        room = data.draw(st.integers(0, 100), label="bytes that still fit")
        with largest_file(ends[-1] + room), pytest.raises(OSError, match=r"File too large|only a part"):
            writer.append(encode(refused))
        assert path.stat().st_size == ends[-1]
        writer.append(encode(refused))
        writer.close()
        assert encoded(JournalReader(path).read_new()) == encoded([*written, refused])


def test_a_journal_that_does_not_exist_yet_is_empty(tmp_path):
    reader = JournalReader(tmp_path / "journal.msgpack")
    assert reader.read_new() == []
    assert not reader.path.exists()
