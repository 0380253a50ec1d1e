"""For all tests: generated examples are few enough for every commit, and a busy machine fails none of them."""

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

settings.register_profile(
    "every commit", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("every commit")


class _FilesStayTogether(LoadScopeScheduling):
    """A file's tests run in one process, in their order; those of the contract suite, whose steps build on each other, all do."""

    def _split_scope(self, nodeid: str) -> str:
        return "tests/contract" if nodeid.startswith("tests/contract/") else nodeid.split("::", 1)[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    return _FilesStayTogether(config, log)
