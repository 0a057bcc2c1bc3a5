"""The bench of files moves made-up rows through the real import and export."""

from __future__ import annotations

import pytest

from crm.demo.filebench import measure_files
from crm.demo.steps import file_rows
from crm.exchange.models import Import
from crm.records.models import Entry
from crm.search.models import SearchRow

pytestmark = pytest.mark.django_db
LABELS = ["customers.account", "customers.contact", "sales.lead"]


def test_every_made_up_row_comes_in_whole_and_goes_out(boss):
    assert sorted(rows.label for rows in file_rows) == LABELS
    found = [(one.what, one.rows) for one in measure_files(boss, 60) if one.seconds > 0]
    assert sorted(found) == sorted((f"{way} {label}", 60) for label in LABELS for way in ("import", "export"))
    for run in Import.objects.select_related("job"):
        assert (run.job.created, run.job.failed, run.job.skipped) == (60, 0, 0)
        assert all(column["to"].startswith(("field:", "extra")) for column in run.mapping)
        assert SearchRow.objects.filter(entity=run.label).count() == 60
        assert Entry.objects.filter(kind=f"{run.label}.created").count() == 60


def test_rows_of_a_second_file_are_none_of_the_first(boss):
    for _turn in range(2):
        list(measure_files(boss, 60, only="account"))
    assert [run.job.created for run in Import.objects.select_related("job")] == [60, 60]
