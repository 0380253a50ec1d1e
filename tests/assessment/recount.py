"""The same figures counted again in plain SQL, straight from the tables, by somebody who has not read the product."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, text

from tests.assessment.world import REGIONS

_HUMAN = """
human as (
    select p.id as row_id, coalesce(s.same_as, p.id) as human
    from person p left join same_person s on s.person_id = p.id and s.ended_at is null
    where p.kind = 'person'
),
about as (
    select h.human,
        coalesce(max(case when h.row_id = h.human then nullif(d.gender, '') end), max(nullif(d.gender, '')), '') as gender,
        coalesce(max(case when h.row_id = h.human then d.language end), max(d.language), '') as language
    from human h left join person_data d on d.person_id = h.row_id group by h.human
)
"""

_PLACED = """
placed as (
    select o.*, coalesce(
        (select m.institution from membership m where m.person_id = o.row_id
            and date(m.valid_from) <= o.day and (m.valid_to is null or o.day < date(m.valid_to))
            order by m.valid_from desc, m.id desc limit 1),
        (select m.institution from membership m join human h on h.row_id = m.person_id where h.human = o.human
            and date(m.valid_from) <= o.day and (m.valid_to is null or o.day < date(m.valid_to))
            and m.person_id <> o.row_id
            order by m.person_id, m.valid_from desc, m.id desc limit 1),
        (select m.institution from membership m where m.person_id = o.row_id and date(m.valid_from) <= o.day
            order by m.valid_from desc, m.id desc limit 1),
        (select m.institution from membership m join human h on h.row_id = m.person_id where h.human = o.human
            and date(m.valid_from) <= o.day and m.person_id <> o.row_id
            order by m.person_id, m.valid_from desc, m.id desc limit 1),
        (select m.institution from membership m where m.person_id = o.row_id order by m.valid_from, m.id limit 1),
        (select m.institution from membership m join human h on h.row_id = m.person_id where h.human = o.human
            and m.person_id <> o.row_id order by m.person_id, m.valid_from, m.id limit 1),
        '') as place
    from observed o
)
"""

_COMPLETED = """
told as (
    select f.person_id as row_id, h.human, f.source_id, f.source_time, date(f.source_time) as day,
        json_extract(f.value, '$.complete') as complete,
        lag(json_extract(f.value, '$.complete')) over w as complete_before, lag(f.source_id) over w as row_before,
        f.id
    from fact f join human h on h.row_id = f.person_id
    where f.stream = 'course_completion' and f.course = :subject
    window w as (partition by f.person_id order by f.source_time, f.id)
),
observed as (
    select row_id, human, day, min(source_id || '/' || id) as source, human || row_id || day || id as once from told
    where complete = 1 and day <= :as_of
        and (complete_before is null or complete_before = 0 or row_before <> source_id)
    group by id
)
"""

_ATTENDED = """
latest as (
    select f.*, row_number() over (partition by f.source_id order by f.source_time desc, f.id desc) as newest
    from fact f where f.stream = 'attendance' and f.course = 'p'
),
observed as (
    select f.person_id as row_id, h.human, json_extract(f.value, '$.day') as day,
        f.subject || json_extract(f.value, '$.day') as source, f.subject || json_extract(f.value, '$.day') as once
    from latest f join human h on h.row_id = f.person_id
    where f.newest = 1 and json_extract(f.value, '$.present') = 1
        and f.subject in ({subjects}) and json_extract(f.value, '$.day') <= :as_of
)
"""

_CERTIFIED = """
observed as (
    select i.person_id as row_id, h.human, i.issued_on as day, i.id as source, i.id as once
    from issue i join human h on h.row_id = i.person_id
    where i.policy = :subject and i.issued_on <= :as_of and (i.expires_on is null or i.expires_on >= :as_of)
        and not exists (select 1 from status_event e where e.issue_id = i.id
            and e.event in ('revoked', 'erased', 'superseded') and date(e.at) <= :as_of)
        and coalesce((select e.event from status_event e where e.issue_id = i.id
            and e.event in ('suspended', 'resumed') and date(e.at) <= :as_of
            order by e.at desc, e.id desc limit 1), 'resumed') = 'resumed'
)
"""

_PASSED = """
attempts as (
    select f.person_id as row_id, h.human, date(f.source_time) as day, f.source_id as source
    from fact f join human h on h.row_id = f.person_id
    where f.stream = 'quiz_attempt' and f.subject = :subject and json_extract(f.value, '$.state') = 'finished'
        and 100.0 * json_extract(f.value, '$.score') / json_extract(f.value, '$.max') >= 70
),
observed as (
    select row_id, human, day, source, source as once from attempts where day <= :as_of
    union all
    select f.person_id, h.human, date(f.source_time), f.source_id, f.source_id
    from fact f join human h on h.row_id = f.person_id
    where f.stream = 'activity_completion' and f.subject = :subject and json_extract(f.value, '$.state') = 2
        and date(f.source_time) <= :as_of and h.human not in (select human from attempts)
)
"""

OBSERVED = {
    "completed": _COMPLETED,
    "attended": _ATTENDED,
    "certified": _CERTIFIED,
    "passed": _PASSED,
}

_KEYS = {
    "gender": "(select gender from about where about.human = {0}.human)",
    "language": "(select language from about where about.human = {0}.human)",
    "institution": "{0}.place",
    "region": "(select region from region_of where region_of.code = {0}.place)",
    "quarter": "strftime('%Y', {0}.day) || '-Q' || ((cast(strftime('%m', {0}.day) as integer) + 2) / 3)",
}


def recount(
    connection: Connection, what: str, subjects: tuple[str, ...], as_of: date, by: str, key: str
) -> tuple[int, int]:
    """Persons and participations in one cell of a breakdown."""
    observed = OBSERVED[what].replace("{subjects}", ", ".join(f"'{one}'" for one in subjects))
    regions = " union all ".join(
        f"select '{code}' as code, '{region}' as region" for code, region in REGIONS.items()
    )
    query = f"""
    with region_of as ({regions}), {_HUMAN}, {observed}, {_PLACED},
    inside as (
        select *, row_number() over (partition by human order by day, source) as number
        from (select human, once, min(day) as day, min(source) as source, min(place) as place from placed
              where place in (select code from region_of) group by human, once)
    )
    select
        (select count(distinct human) from inside where number = 1 and {_KEYS[by].format("inside")} = :key),
        (select count(*) from inside where {_KEYS[by].format("inside")} = :key)
    """
    row = connection.execute(
        text(query), {"subject": subjects[0], "as_of": as_of.isoformat(), "key": key}
    ).one()
    return int(row[0]), int(row[1])
