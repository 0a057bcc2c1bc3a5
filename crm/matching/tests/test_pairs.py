"""The work list: what a scan finds, what a write brings, who sees a pair, and what is judged."""

import pytest

from crm.access.models import Scope
from crm.jobs import running
from crm.jobs.models import Job
from crm.matching.jobs import start_scan
from crm.matching.models import DuplicateCandidate, KeyState, MatchKey
from crm.matching.scan import freshen, scan
from crm.records import services as records
from crm.records.actor import Actor
from customers.factories import make_account

pytestmark = pytest.mark.django_db
ACCOUNT = "customers.account"


def found(state="open"):
    return [(c.first_id, c.second_id) for c in DuplicateCandidate.objects.filter(state=state).order_by("-score")]


@pytest.fixture
def three(rep, other):
    """Two of one company, of two people, and another one."""
    one = make_account(name="远山科技有限公司", phone="13800138000", owner=rep)
    two = make_account(name="北京远山科技", phone="138 0013 8000", owner=other)
    make_account(name="海洋贸易有限公司", owner=rep)
    return one, two


def test_a_scan_scores_what_shares_a_key(three):
    one, two = three
    assert scan(ACCOUNT) == 1
    pair = DuplicateCandidate.objects.get()
    assert (pair.first_id, pair.second_id) == (one.pk, two.pk)
    assert pair.score >= 97 and {reason[0] for reason in pair.reasons} == {"company", "phone"}


def test_what_is_no_longer_alike_is_closed_and_what_was_judged_stays(three, boss):
    one, two = three
    scan(ACCOUNT)
    DuplicateCandidate.objects.update(state="distinct")
    assert (scan(ACCOUNT), found("distinct")) == (0, [(one.pk, two.pk)])
    DuplicateCandidate.objects.update(state="open")
    two.name, two.phone = "别的公司", ""
    records.save(two, actor=Actor(boss))
    assert (scan(ACCOUNT), found("gone")) == (0, [(one.pk, two.pk)])


def test_what_is_written_later_is_found_without_a_scan(three, rep):
    scan(ACCOUNT)
    late = make_account(name="海洋貿易", owner=rep)
    assert freshen(ACCOUNT) == 1
    assert late.pk in {pk for pair in found() for pk in pair}


def test_a_job_renews_keys_of_an_older_version_first(three, boss):
    before = set(MatchKey.objects.values_list("record_id", "kind", "value"))
    MatchKey.objects.filter(kind="company").update(value="outdated")
    job = start_scan(ACCOUNT, user=boss)
    running.run(job.pk)
    job = Job.objects.get(pk=job.pk)
    assert (job.state, job.result["pairs"]) == (Job.State.DONE, 1)
    assert set(MatchKey.objects.values_list("record_id", "kind", "value")) == before
    assert KeyState.objects.get(entity=ACCOUNT).version > 0


def test_the_page_shows_only_what_its_reader_may_know(three, rep, other, grant, client):
    one, two = three
    scan(ACCOUNT)
    grant(rep, ACCOUNT, view=Scope.OWN, change=Scope.OWN)
    client.force_login(rep)
    said = client.get("/duplicates/").content.decode()
    assert one.name in said and two.name not in said
    assert "北京" not in said and str(two.pk) not in [line.strip() for line in said.split('"')]
    pair = DuplicateCandidate.objects.get()
    assert client.post(f"/duplicates/{pair.pk}/", {"as": "distinct"}).status_code == 403
    grant(other, "customers.contact", view=Scope.OWN)
    client.force_login(other)
    assert client.post(f"/duplicates/{pair.pk}/", {"as": "distinct"}).status_code == 404
    assert found() == [(one.pk, two.pk)]


def test_a_steward_says_that_they_are_two_and_may_think_again(three, boss, client):
    one, two = three
    scan(ACCOUNT)
    client.force_login(boss)
    page = client.get(f"/duplicates/?entity={ACCOUNT}").content.decode()
    assert f"/merge/customers/accounts/?id={one.pk}&amp;id={two.pk}" in page
    pair = DuplicateCandidate.objects.get()
    client.post(f"/duplicates/{pair.pk}/", {"as": "distinct"})
    assert (found(), found("distinct")) == ([], [(one.pk, two.pk)])
    assert two.name not in client.get("/duplicates/").content.decode()
    client.post(f"/duplicates/{pair.pk}/", {"as": "open"})
    assert found() == [(one.pk, two.pk)]
    records.delete(two, actor=Actor(boss))
    assert one.name not in client.get("/duplicates/").content.decode()


def test_the_page_filters_and_pages(three, boss, client, django_assert_max_num_queries):
    scan(ACCOUNT)
    client.force_login(boss)
    one, _two = three
    for query, shown in (("kind=phone", True), ("kind=email", False), ("least=90", True), ("after=50-1", False)):
        assert (one.name in client.get(f"/duplicates/?{query}").content.decode()) is shown, query
    assert client.get("/duplicates/?after=x&least=99999&kind=%00&entity=nothing").status_code == 200
