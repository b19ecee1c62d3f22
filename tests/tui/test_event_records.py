"""Records and scalars of event files: whole, growing, torn and damaged."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curricula.regular_files import NotAFile
from tui.session.watch.record_file import RecordFile, masked_checksum
from tui.session.watch.scalars import Parcel, ScalarReader


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global SummaryWriter, curve, framed, scalar, scalars_of, tensor, write
    from torch.utils.tensorboard import SummaryWriter

    from tests.tui.event_files import curve, framed, scalar, scalars_of, tensor, write


MUCH = 1 << 20


def steps_in(file, most_bytes=MUCH):
    """All steps that can be read of `reward` by now."""
    steps = []
    while records := file.read(most_bytes):
        steps += scalars_of(*records).get("reward", _Nothing).steps.tolist()
    return steps


class _Nothing:
    steps = np.empty(0)


def test_the_checksum_is_that_of_the_format():
    data = b"123456789"  # the usual check value of CRC-32C: 0xE3069283
    assert masked_checksum(data) == ((0xE3069283 >> 15 | 0xE3069283 << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_records_are_returned_once_as_the_file_grows(tmp_path):
    file = RecordFile(write(tmp_path, *curve("reward", range(3))))
    assert steps_in(file) == [0, 1, 2]
    assert steps_in(file) == []
    write(tmp_path, *curve("reward", range(3, 5)))
    assert steps_in(file) == [3, 4]


@pytest.mark.parametrize("most_bytes", [1, 40, 100])
def test_portions_of_any_size_hold_whole_records(tmp_path, most_bytes):
    file = RecordFile(write(tmp_path, *curve("reward", range(20))))
    assert steps_in(file, max(most_bytes, 12)) == list(range(20))


def test_a_record_that_is_being_written_is_read_once_it_is_whole(tmp_path):
    path = write(tmp_path, *curve("reward", range(2)))
    record = framed(scalar("reward", 2, 2.0))
    file = RecordFile(path)
    seen = []
    for byte in record:
        with open(path, "ab") as end:
            end.write(bytes([byte]))
        seen.append(steps_in(file))
    assert seen == [[0, 1], *[[]] * (len(record) - 2), [2]]
    assert file.bytes_damaged == 0


@pytest.mark.parametrize("rubbish", [b"\x00" * 500, b"\xff" * 500, bytes(range(256)) * 3, b"x"])
def test_what_is_damaged_is_passed_over_and_counted(tmp_path, rubbish):
    path = write(tmp_path, *curve("reward", range(3)))
    with open(path, "ab") as end:
        end.write(rubbish)
    write(tmp_path, *curve("reward", range(3, 6)))
    file = RecordFile(path)
    assert steps_in(file) == [0, 1, 2, 3, 4, 5]
    assert file.bytes_damaged == len(rubbish)


def test_damage_longer_than_a_portion_does_not_stop_the_reader(tmp_path):
    path = write(tmp_path, *curve("reward", range(1)))
    with open(path, "ab") as end:
        end.write(b"\xff" * 5000)
    write(tmp_path, *curve("reward", range(1, 2)))
    file = RecordFile(path)
    steps = []
    for _ in range(20):
        steps += scalars_of(*file.read(1000)).get("reward", _Nothing).steps.tolist()
    assert steps == [0, 1]
    assert file.bytes_damaged == 5000


@given(
    pieces=st.lists(st.one_of(st.none(), st.binary(max_size=60), st.integers(1, 40).map(bytes)), max_size=12),
    most_bytes=st.integers(12, 400),
)
def test_every_record_between_any_rubbish_is_found_once(pieces, most_bytes):
    """None is a record, bytes are rubbish; the last piece is a record, for what comes behind rubbish proves it so."""
    written = b"".join(
        framed(scalar("reward", step, 1.0)) if piece is None else piece for step, piece in enumerate([*pieces, None])
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "events.out.tfevents.1")
        path.write_bytes(written)
        file, steps = RecordFile(path), []
        for _ in range(len(written) // 2 + 2):
            steps += scalars_of(*file.read(most_bytes)).get("reward", _Nothing).steps.tolist()
    assert steps == [step for step, piece in enumerate([*pieces, None]) if piece is None]
    assert file.bytes_read == len(written)


def test_a_file_that_ends_in_rubbish_is_read_up_to_it(tmp_path):
    path = write(tmp_path, *curve("reward", range(3)))
    with open(path, "ab") as end:
        end.write(b"\x00" * 100)
    file = RecordFile(path)
    assert steps_in(file) == [0, 1, 2]
    assert steps_in(file) == []


def test_a_file_that_was_written_anew_is_read_from_its_beginning(tmp_path):
    file = RecordFile(write(tmp_path, *curve("reward", range(9))))
    assert steps_in(file) == list(range(9))
    file.path.unlink()
    write(tmp_path, *curve("reward", range(2)))
    assert steps_in(file) == [0, 1]
    assert file.beginnings == 2


def test_a_file_that_cannot_be_opened_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        RecordFile(tmp_path / "nothing").read(MUCH)
    with pytest.raises(NotAFile):
        RecordFile(tmp_path).read(MUCH)


@pytest.mark.parametrize(
    ("kind", "numbers", "value"),
    [
        ("DT_FLOAT", {"float_val": [1.5]}, 1.5),
        ("DT_FLOAT", {"tensor_content": np.float32(1.5).tobytes()}, 1.5),
        ("DT_DOUBLE", {"double_val": [0.1]}, 0.1),
        ("DT_DOUBLE", {"tensor_content": np.float64(0.1).tobytes()}, 0.1),
        ("DT_INT32", {"int_val": [-3]}, -3.0),
        ("DT_INT64", {"int64_val": [1 << 40]}, float(1 << 40)),
        ("DT_INT64", {"tensor_content": np.int64(7).tobytes()}, 7.0),
        ("DT_UINT8", {"int_val": [200]}, 200.0),
        ("DT_BOOL", {"bool_val": [True]}, 1.0),
        ("DT_HALF", {"half_val": [int(np.float16(0.25).view(np.uint16))]}, 0.25),
        ("DT_HALF", {"tensor_content": np.float16(0.25).tobytes()}, 0.25),
        ("DT_BFLOAT16", {"half_val": [0x3FC0]}, 1.5),
        ("DT_BFLOAT16", {"tensor_content": b"\xc0\x3f"}, 1.5),
        ("DT_DOUBLE", {"double_val": [1e300]}, float("inf")),
        ("DT_FLOAT", {"float_val": [float("nan")]}, float("nan")),
    ],
)
def test_a_scalar_may_be_a_tensor_of_any_type(kind, numbers, value):
    (points,) = scalars_of(tensor("reward", 4, kind, **numbers)).values()
    assert points.steps.tolist() == [4]
    assert points.values.tolist() == pytest.approx([np.float32(value)], nan_ok=True)


def test_what_is_no_scalar_is_passed_over(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_histogram("weights", np.arange(10.0), 1)
        writer.add_image("view", np.zeros((3, 4, 4)), 1)
        writer.add_text("note", "hello", 1)
        writer.add_hparams({"lr": 0.1}, {"hparam/reward": 1.0}, run_name=".")
        writer.add_scalar("reward", 2.5, 3)
        writer.add_scalar("loss", 1.5, 3, new_style=True)
        writer.add_scalar("precise", 0.1, 3, new_style=True, double_precision=True)
    scalars = ScalarReader()
    (chunk,) = scalars.read(Parcel(RecordFile(path).read(MUCH)) for path in tmp_path.iterdir())
    found = {tag: points.values.tolist() for tag, points in chunk.batch.items()}
    assert found == {"hparam/reward": [1.0], "reward": [2.5], "loss": [1.5], "precise": [pytest.approx(0.1)]}
    assert scalars.records_damaged == 0


def test_a_tensor_of_another_plugin_stays_out_though_its_kind_is_told_once():
    several = tensor("weights", 1, "DT_FLOAT", float_val=[1.0, 2.0])
    pr_curve = tensor("curve", 1, "DT_FLOAT", plugin="pr_curves", float_val=[1.0])
    later = tensor("curve", 2, "DT_FLOAT", plugin="", float_val=[1.0])
    assert scalars_of(several, pr_curve, later) == {}


def test_a_record_that_is_no_event_is_counted():
    scalars = ScalarReader()
    (chunk,) = scalars.read([Parcel([b"\xff\xff\xff", scalar("reward", 1, 1.0)])])
    assert list(chunk.batch) == ["reward"]
    assert scalars.records_damaged == 1


def test_steps_values_and_times_stay_together():
    (points,) = scalars_of(*curve("reward", range(3), time=1e9)).values()
    assert points.steps.tolist() == points.values.tolist() == [0, 1, 2]
    assert points.times.tolist() == [1e9, 1e9 + 1, 1e9 + 2]
