"""The page about policy files shows a policy that can be read, whose tests pass, and names every key."""

from __future__ import annotations

import re
from pathlib import Path

from certificates.check_policy import check_policy
from certificates.policy import Policy, parse_policy

PAGE = Path(__file__).parents[2] / "docs" / "formats" / "policy.md"


def test_the_policy_on_the_page_is_sound() -> None:
    form, sheet, equivalences, renewal, tests = re.findall(
        r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL
    )
    policy = parse_policy(form.replace("tests: []\n", tests), "policy.md")
    assert check_policy(policy) == []
    written = set(re.findall(r"^(\w+):", form, re.MULTILINE))
    assert written == {field.alias or name for name, field in Policy.model_fields.items()}
    longer = re.sub(r"(?m)^equivalences:.*\n", equivalences, re.sub(r"(?m)^renewal:.*\n", renewal, form))
    longer = re.sub(r"(?m)^design:.*\n", sheet, re.sub(r"(?m)^cosigners:.*\n", "", longer))
    assert check_policy(parse_policy(longer.replace("tests: []\n", tests), "policy.md")) == []
