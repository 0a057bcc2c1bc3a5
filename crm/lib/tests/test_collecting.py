import gc

import pytest

from crm.lib.collecting import YOUNG, collected_rarely


def test_the_collector_is_put_back_even_after_a_failure():
    before = gc.get_threshold()
    with pytest.raises(ZeroDivisionError), collected_rarely():
        assert gc.get_threshold()[0] == YOUNG
        assert gc.get_freeze_count() > 0
        1 / 0  # noqa: B018
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
