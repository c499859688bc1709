"""People who do nothing are told nothing: quintiles alone change nobody's name, however often their edges are made."""

from tests.bench.at_rest import RULE, at_rest

DAILY = RULE.replace("refresh: 1h", "refresh: 1d")


def test_customers_at_rest_are_told_no_change_though_most_are_equal_to_others() -> None:
    assert not any(at_rest(customers=300, days=10, rule=DAILY))


def test_what_windows_count_does_change_them() -> None:
    windowed = DAILY.replace('count("Order Placed")', 'count("Order Placed", days=30)')
    assert any(at_rest(customers=300, days=10, rule=windowed))
