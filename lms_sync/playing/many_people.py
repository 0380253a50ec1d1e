"""Six hundred participants of the 61 municipalities, made of names that people have; the same ones each time."""

from __future__ import annotations

import csv
import io
import random
import unicodedata
from collections import Counter
from pathlib import Path

from lms_sync.people.read import INSTITUTIONS, PARTICIPANTS
from lms_sync.write_files import write_durably

PEOPLE = 600
_SEED = 61

WOMEN = (
    "Adelina", "Afërdita", "Albana", "Alketa", "Anila", "Arjola", "Besa", "Blerta", "Bora", "Brunilda", "Dafina",
    "Dëshira", "Diana", "Dorina", "Drita", "Edlira", "Elisabeta", "Elona", "Emine", "Ermira", "Fatbardha", "Flutura",
    "Gëzime", "Hatixhe", "Ilda", "Jonida", "Kaltrina", "Klodiana", "Ledina", "Liljana", "Lindita", "Luljeta", "Majlinda",
    "Manjola", "Mimoza", "Mirjeta", "Ornela", "Pranvera", "Rovena", "Rudina", "Sanije", "Shpresa", "Silvana", "Sonila",
    "Teuta", "Valbona", "Vjollca", "Xhuliana", "Yllka", "Zana",
)  # fmt: skip
MEN = (
    "Agim", "Agron", "Alban", "Altin", "Ardian", "Arben", "Artur", "Astrit", "Bashkim", "Besnik", "Bledar", "Bujar",
    "Çlirim", "Dashamir", "Dritan", "Edmond", "Eduart", "Elton", "Endri", "Ermal", "Fatmir", "Ferit", "Flamur", "Gazmend",
    "Genc", "Gëzim", "Gjergj", "Hysen", "Ilir", "Ismail", "Kastriot", "Kreshnik", "Kujtim", "Ledian", "Lulzim", "Luan",
    "Mark", "Mentor", "Ndriçim", "Nikolin", "Petrit", "Përparim", "Qemal", "Sokol", "Shkëlqim", "Taulant", "Valon",
    "Vullnet", "Xhevdet", "Ylli",
)  # fmt: skip
SURNAMES = (
    "Abazi", "Alushi", "Aliaj", "Baçi", "Bajraktari", "Balla", "Beqiri", "Bërdufi", "Bushati", "Cani", "Cenaj", "Çela",
    "Çeliku", "Çobani", "Dervishi", "Dhima", "Doçi", "Duka", "Dyrmishi", "Elezi", "Ferhati", "Frashëri", "Gega", "Gjini",
    "Gjoka", "Gjonaj", "Guri", "Haxhiu", "Hoti", "Hoxha", "Hysaj", "Isufi", "Jakupi", "Kapllani", "Kërçuku", "Koçi",
    "Kola", "Krasniqi", "Kuçi", "Leka", "Lleshi", "Lika", "Lulaj", "Malaj", "Marku", "Mëhilli", "Meçe", "Muça", "Murati",
    "Ndreu", "Nika", "Ndoj", "Osmani", "Pema", "Përmeti", "Prifti", "Prendi", "Qosja", "Rama", "Ramaj", "Rexhepi",
    "Rrapaj", "Ruçi", "Sadiku", "Selimi", "Shala", "Shehu", "Shkurti", "Sinani", "Skënderi", "Stafa", "Sula", "Tafa",
    "Topalli", "Toska", "Turku", "Uka", "Veliu", "Vokshi", "Xhafa", "Xhaferi", "Ymeri", "Zefi", "Zeneli", "Zyka",
)  # fmt: skip


def write_many(folder: Path, course: str, wanted: int = PEOPLE) -> int:
    """Adds made-up people to the participants of a folder until there are `wanted`; how many there are.

    Those who are there stay, and every institution gets about as many as every other.
    """
    codes = [row["code"] for row in _rows(folder / INSTITUTIONS)]
    rows = _rows(folder / PARTICIPANTS)
    columns = list(rows[0])
    chance = random.Random(_SEED)  # noqa: S311 - names, not secrets
    names = {(row["firstname"], row["lastname"]) for row in rows}
    there = Counter(row["institution"] for row in rows)
    number = 1000
    while len(rows) < wanted:
        number += 1
        gender = "F" if chance.random() < 0.55 else "M"
        name = (chance.choice(WOMEN if gender == "F" else MEN), chance.choice(SURNAMES))
        if name in names:
            continue
        names.add(name)
        code = min(codes, key=lambda one: (there[one], one))
        there[code] += 1
        username = f"{_plain(name[0])}.{_plain(name[1])}"
        rows.append(
            {
                "idnumber": f"AO-{number}",
                "username": username,
                "email": f"{username}@bashkia-{code}.example.org",
                "firstname": name[0],
                "lastname": name[1],
                "institution": code,
                "courses": course,
                "gender": gender,
                "language": "sq",
            }
        )
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_durably(folder / PARTICIPANTS, out.getvalue().encode("utf-8"))
    return len(rows)


def _plain(name: str) -> str:
    """A name in the letters of user names: ç and ë without their marks."""
    parts = unicodedata.normalize("NFD", name.casefold())
    return "".join(letter for letter in parts if letter.isascii() and letter.isalnum())


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))
