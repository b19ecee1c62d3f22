"""While a process builds, no garbage is collected; what is kept is not looked at again."""

import gc

import pytest

from trainer_proc.contract.garbage import without_garbage_collection


def test_collection_goes_on_afterwards_also_after_an_error():
    seen = []

    def build():
        with without_garbage_collection():
            seen.append(gc.isenabled())
            raise ValueError("no such task")

    with pytest.raises(ValueError, match="no such task"):
        build()
    assert seen == [False]
    assert gc.isenabled()
    with without_garbage_collection():
        with without_garbage_collection():
            pass
        assert not gc.isenabled()


def test_what_is_kept_is_not_looked_at_by_later_collections():
    with without_garbage_collection(is_kept=True):
        built = [[number] for number in range(1000)]
    looked_at = {id(one) for one in gc.get_objects()}
    assert not looked_at & {id(one) for one in built}
