"""What there is in a group that never comes to rest: rules that await their past, jobs, somebody with an odd name."""

from typing import Final

from streams.backtest.job import Stage
from tests.web.group import MESSAGES, RULES

ODD: Final = '/"><script>alert(1)</script>👩‍💻' + "x" * 200
FILES: Final = {f"{name}.yaml": text for name, text in RULES.items()} | {
    f"messages/{name}.yaml": text for name, text in MESSAGES.items()
}
BUYERS: Final = 'segment: buyers\nenter: count("Order Paid", days=60) >= 1\n'
JOBS: Final[dict[Stage, str]] = {"running": "1" * 16, "failed": "2" * 16, "stopped": "3" * 16}
