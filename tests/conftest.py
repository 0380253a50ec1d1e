"""For all tests: generated examples are few enough for every commit, and a busy machine fails none of them."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "every commit", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("every commit")
