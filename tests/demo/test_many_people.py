"""Six hundred people for the full play: the same ones each time, in every institution, with accounts of their own."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

from lms_sync.package_data import example_academy
from lms_sync.people import read_people
from lms_sync.people.read import PARTICIPANTS
from lms_sync.playing.many_people import MEN, PEOPLE, SURNAMES, WOMEN, write_many


def test_every_institution_gets_people_and_those_who_were_there_stay(tmp_path: Path) -> None:
    shutil.copytree(example_academy("archive-officers") / "people", tmp_path / "people")
    before = read_people(tmp_path).participants
    assert write_many(tmp_path, "archive-officers") == PEOPLE
    people = read_people(tmp_path)
    assert people.participants[: len(before)] == before
    assert len({one.idnumber for one in people.participants}) == PEOPLE
    assert len({one.username for one in people.participants}) == PEOPLE
    assert len({one.email for one in people.participants}) == PEOPLE
    per_institution = Counter(one.institution for one in people.participants)
    assert set(per_institution) == {one.code for one in people.institutions}
    assert max(per_institution.values()) - min(per_institution.values()) <= 1


def test_the_same_people_are_made_each_time(tmp_path: Path) -> None:
    for name in ("one", "other"):
        shutil.copytree(example_academy("archive-officers") / "people", tmp_path / name / "people")
        write_many(tmp_path / name, "archive-officers")
    assert (tmp_path / "one" / PARTICIPANTS).read_bytes() == (tmp_path / "other" / PARTICIPANTS).read_bytes()


def test_names_are_written_with_their_letters() -> None:
    names = {*WOMEN, *MEN, *SURNAMES}
    assert len(names) == len(WOMEN) + len(MEN) + len(SURNAMES), "each stands once"
    assert all(name == name.strip().title() for name in names)
    assert {letter for name in names for letter in name if not letter.isascii()} == {"ç", "ë", "Ç"}
