from crm.lib.lookups import any_of
from crm.users.models import Department


def test_any_of_is_in(db):
    for name in ("a", "b'", "c\\"):
        Department.objects.create(name=name)
    found = lambda values: set(Department.objects.filter(any_of("name", values)).values_list("name", flat=True))  # noqa: E731
    assert found(["a", "b'", "x"]) == {"a", "b'"}
    assert found(["c\\"]) == {"c\\"}
    assert found([]) == set()
