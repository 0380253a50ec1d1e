"""The crash table on a real Moodle: apply is killed at random moments, and the site is read by other means.

    MOODLE_URL=… MOODLE_TOKEN=… MOODLE_READ_TOKEN=… python tests/crash/real_moodle.py --kills 20

MOODLE_TOKEN is that of the service account; MOODLE_READ_TOKEN is one of the same account for the service of the mobile
app, which can list sections, activities and groups without the companion plugin. Each academy has keys of its own
(a fresh run id) and is killed several times before apply may come to its end. Afterwards its course and its cohorts
are hidden; its accounts stay, with passwords that nobody knows.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
from campaign import Target, Workplace, in_child, plan_again, run_apply
from kill_points import Kill, Place, Watch
from recount import Recount, Thing, judge
from small_academy import SmallAcademy

LONGEST_SECONDS = 30.0
_OWN = "forum"  # a course begins with one


class Reader:
    """Reads a site through web services, without the product's code."""

    def __init__(self, url: str, token: str, read_token: str) -> None:
        self._url, self._token, self._read_token = url, token, read_token
        self.http = requests.Session()
        self.http.trust_env = False

    def ask(self, function: str, *, mobile: bool = False, **more: object) -> Any:
        """A call with flat arguments."""
        token = self._read_token if mobile else self._token
        form = {"wsfunction": function, "moodlewsrestformat": "json", **more, "wstoken": token}
        answer = self.http.post(f"{self._url}/webservice/rest/server.php", data=form, timeout=120).json()
        if isinstance(answer, dict) and "exception" in answer:
            raise RuntimeError(f"{function}: {answer['errorcode']} {answer['message']}")
        return answer

    def things(self, prefix: str, people: int) -> tuple[Counter[Thing], dict[str, int]]:
        """Everything on the site whose key begins with the prefix, and what stands in its courses without one."""
        living: Counter[Thing] = Counter()
        persons: dict[int, str] = {}
        for number in range(1, people + 1):
            who = f"{prefix}-P{number}"
            for one in self.ask("core_user_get_users_by_field", field="idnumber", **{"values[0]": who}):
                living["account", who] += 1
                persons[one["id"]] = who
        for one in self.ask("core_course_get_categories"):
            if (one.get("idnumber") or "").startswith(prefix):
                living["course category", one["idnumber"]] += 1
        versions: dict[str, int] = {}
        for one in self.ask("core_course_get_courses_by_field")["courses"]:
            if (one["idnumber"] or "").startswith(prefix):
                living["course", one["idnumber"]] += 1
                self._course(one["id"], one["idnumber"], persons, living, versions)
        for one in self.ask("core_cohort_get_cohorts"):
            if (one["idnumber"] or "").startswith(f"institution-{prefix}"):
                living["cohort", one["idnumber"]] += 1
                rows = self.ask("core_cohort_get_cohort_members", **{"cohortids[0]": one["id"]})
                for user in rows[0]["userids"]:
                    living["cohort member", f"{one['idnumber']}:{_person(persons, user)}"] += 1
        return living, versions

    def _course(
        self,
        number: int,
        course: str,
        persons: Mapping[int, str],
        living: Counter[Thing],
        versions: dict[str, int],
    ) -> None:
        state = json.loads(self.ask("local_lmssync_get_state", courseid=number)["state"])
        keys = {("section", one["id"]): one["key"] for one in state["sections"]}
        keys |= {("activity", one["id"]): one["key"] for one in state["activities"]}
        for section in self.ask("core_course_get_contents", mobile=True, courseid=number):
            if section["section"]:
                living[
                    "section", keys.get(("section", section["id"]), f"without a key, id {section['id']}")
                ] += 1
            for module in section["modules"]:
                if module["modname"] != _OWN:
                    key = keys.get(("activity", module["id"]), f"without a key, id {module['id']}")
                    living["activity", key] += 1
        for one in state["categories"]:
            living["question category", one["key"]] += 1
        for one in state["questions"]:
            living["question", one["key"]] += 1
            versions[one["key"]] = int(one["version"])
        if state["criteria"]:
            living["criteria", course] += 1
        for group in self.ask("core_group_get_course_groups", mobile=True, courseid=number):
            living["group", group["idnumber"] or f"without a key, id {group['id']}"] += 1
        for group in state["groups"]:
            for user in group["members"]:
                living["group member", f"{group['idnumber']}:{_person(persons, user)}"] += 1
        for user, _status, _method in state["enrolments"]:
            living["enrolment", f"{course}:{_person(persons, user)}"] += 1

    def hide(self, prefix: str) -> None:
        """Hides what a run has made."""
        for one in self.ask("core_course_get_courses_by_field")["courses"]:
            if (one["idnumber"] or "").startswith(prefix):
                form = {"courses[0][id]": one["id"], "courses[0][visible]": 0}
                self.ask("core_course_update_courses", **form)
        for one in self.ask("core_cohort_get_cohorts"):
            if (one["idnumber"] or "").startswith(f"institution-{prefix}"):
                row = {"id": one["id"], "name": one["name"], "idnumber": one["idnumber"], "visible": 0}
                form = {f"cohorts[0][{name}]": value for name, value in row.items()}
                form |= {"cohorts[0][categorytype][type]": "system", "cohorts[0][categorytype][value]": ""}
                self.ask("core_cohort_update_cohorts", **form)


def _person(persons: Mapping[int, str], user: int) -> str:
    return persons.get(int(user), f"user {user}")


class OneAcademy:
    """An academy with keys of its own, killed and at last finished."""

    def __init__(self, target: Target, reader: Reader, prefix: str) -> None:
        self.target, self.reader, self.prefix = target, reader, prefix
        self.academy = SmallAcademy(prefix)
        self.folder = Path(tempfile.mkdtemp(prefix="lms-sync-crash-"))
        self.work = Workplace.at(self.folder)
        self.work.engine.dispose()

    def kill(self, writes: int, after: float) -> str | None:
        """Kills apply so many seconds into its n-th writing request; the function, or None where it got through."""
        notes = self.folder / "places.jsonl"
        notes.unlink(missing_ok=True)

        def killed() -> str:
            Watch(self.target.url, Kill(writing=writes, after=after), note).begin()
            return run_apply(self.target, self.academy.first, self.work, LONGEST_SECONDS)

        def note(place: Place) -> None:
            with notes.open("a", encoding="utf-8") as file:
                file.write(json.dumps([place.name, place.function]) + "\n")

        status, said = in_child(killed)
        if status != -signal.SIGKILL:
            if status:
                raise RuntimeError(f"apply ended with {status}: {said}")
            return None
        passed = [json.loads(line) for line in notes.read_text(encoding="utf-8").splitlines()]
        last = passed[-1]
        if last[0].startswith("before a") and last[1]:
            return f"in the middle of {last[1]}"
        return f"{last[0]}, at {last[1]}" if last[1] else str(last[0])

    def finish(self) -> tuple[Recount, str]:
        """Apply to its end; what the site has then, and what is wrong."""
        status, wrong = in_child(
            lambda: run_apply(self.target, self.academy.first, self.work, LONGEST_SECONDS)
        )
        assert status >= 0
        time.sleep(1)
        living, versions = self.reader.things(self.prefix, people=4)
        found = judge(living, self.academy.first.wanted, versions=versions, suspended=())
        if not wrong:
            _, wrong = in_child(lambda: plan_again(self.target, self.academy.first, self.work))
        return found, wrong

    def close(self) -> None:
        """Removes the folders."""
        self.academy.close()
        shutil.rmtree(self.folder)

    def landed_late(self) -> int:
        """How many changes were found on the site although their sender was dead."""
        engine = self.work.engine
        with engine.connect() as connection:
            # Settling keeps the note of the intent; an answer replaces it.
            query = "SELECT count(*) FROM journal WHERE state = 'confirmed' AND detail LIKE '%scope%'"
            found = int(connection.exec_driver_sql(query).scalar() or 0)
        engine.dispose()
        return found


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--in-a-row", type=int, default=4, help="kills of one academy before it may finish")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    names = ("MOODLE_URL", "MOODLE_TOKEN", "MOODLE_READ_TOKEN")
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        print(f"real Moodle: not run ({', '.join(missing)} not set)")
        return 0
    url, token, read_token = (os.environ[name] for name in names)
    reader = Reader(url.rstrip("/"), token, read_token)
    target = Target(url.rstrip("/"), token, int(os.environ.get("MOODLE_STUDENT_ROLE", "5")))
    chance = random.Random(arguments.seed)
    run_id = f"k{time.strftime('%y%m%d')}{secrets.token_hex(2)}"
    print(
        f"{reader.ask('core_webservice_get_site_info')['release']}, run {run_id}, seed {arguments.seed}",
        flush=True,
    )
    kills: list[str] = []
    wrong: list[str] = []
    totals: Counter[str] = Counter()
    while len(kills) < arguments.kills:
        totals["academies"] += 1
        one = OneAcademy(target, reader, f"{run_id}-{totals['academies']}")
        for _ in range(min(arguments.in_a_row, arguments.kills - len(kills))):
            where = one.kill(chance.randint(1, 4), round(chance.uniform(0, 0.3), 3))
            if where is None:
                break
            kills.append(where)
            print(f"  {one.prefix}: killed {where}", flush=True)
        found, said = one.finish()
        totals.update(
            duplicates=len(found.duplicates), losses=len(found.losses), unknown=len(found.unknown),
            landed_late=one.landed_late(),
        )  # fmt: skip
        if said or not found.clean:
            wrong.append(f"{one.prefix}: {said} {found}")
        reader.hide(one.prefix)
        one.close()
    print(
        f"{len(kills)} kills in {totals['academies']} academies: {totals['duplicates']} duplicates, "
        f"{totals['losses']} losses, {totals['unknown']} unknown; {totals['landed_late']} changes landed after their "
        f"sender had died"
    )
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
