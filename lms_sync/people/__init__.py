"""People: read from the academy's files, matched with accounts that exist, remembered as opaque ids.

People are matched, never owned: an account that we did not create is only looked at.
"""

from lms_sync.people.create import CreateReport, create_missing
from lms_sync.people.institution_holder import (
    institution_idnumber,
    institutions_by_code,
    meet_institution,
    of_kind,
)
from lms_sync.people.match import Candidate, MatchedAccount, MatchReport, Undecided, match_people
from lms_sync.people.matches_file import Decision, read_decisions, write_matches
from lms_sync.people.read import Institution, Participant, People, read_institutions, read_people
from lms_sync.people.remember import (
    HolderKind,
    Remembered,
    known_accounts,
    known_persons,
    meet_account,
    meet_accounts,
    name_account,
    new_person,
    remember_people,
)

__all__ = [
    "Candidate",
    "CreateReport",
    "Decision",
    "HolderKind",
    "Institution",
    "MatchReport",
    "MatchedAccount",
    "Participant",
    "People",
    "Remembered",
    "Undecided",
    "create_missing",
    "institution_idnumber",
    "institutions_by_code",
    "known_accounts",
    "known_persons",
    "match_people",
    "meet_account",
    "meet_accounts",
    "meet_institution",
    "name_account",
    "new_person",
    "of_kind",
    "read_decisions",
    "read_institutions",
    "read_people",
    "remember_people",
    "write_matches",
]
