"""What a full disk is recognised by, and the room for one last save."""

import errno

import pytest

from madang.runner.disk import RESERVE, RESERVE_BYTES, is_full, release, reserve, says_full


@pytest.mark.parametrize(
    ("said", "is_told"),
    [
        ("[Errno 28] No space left on device: 'model.pt'", True),
        ("[Errno 122] Disk quota exceeded", True),
        ("[Errno 28] Error writing bytes to file. Detail: [errno 28] no room", True),
        ("database or disk is full", True),
        ("Unable to write (errno = 28, error message = 'No space left on device')", True),
        ("[Errno 2] No such file or directory: 'disk'", False),
        ("full disk jockey", False),
        ("", False),
    ],
)
def test_exceptions_of_libraries_are_recognised_by_their_text(said, is_told):
    assert says_full(said) is is_told


def test_errors_of_the_system_are_recognised_by_their_number():
    assert [is_full(OSError(n, "")) for n in (errno.ENOSPC, errno.EDQUOT, errno.EACCES)] == [
        True,
        True,
        False,
    ]


def test_room_is_taken_once_and_given_up_once(tmp_path):
    reserve(tmp_path)
    assert (tmp_path / RESERVE).stat().st_size == RESERVE_BYTES
    reserve(tmp_path)  # the next run of the slot, or one beside it
    assert release(tmp_path)
    assert not release(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_refuses_the_room_and_other_faults_do_not(tmp_path, monkeypatch):
    def refuse(number):
        def allocate(*_):
            raise OSError(number, "")

        monkeypatch.setattr("os.posix_fallocate", allocate)

    refuse(errno.ENOSPC)
    with pytest.raises(OSError, match="Errno 28"):
        reserve(tmp_path)
    assert list(tmp_path.iterdir()) == []
    refuse(errno.EOPNOTSUPP)
    reserve(tmp_path)
