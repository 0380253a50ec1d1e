"""What a database refuses, in words: locked, full, read-only, out of reach."""

from __future__ import annotations

from authoring.problems import LmsSyncError, Problem

# SQLSTATE codes of PostgreSQL (its manual, appendix A).
_STATES = {
    "55P03": "database.locked",  # lock_not_available
    "40P01": "database.locked",  # deadlock_detected
    "53100": "database.full",  # disk_full
    "25006": "database.read-only",  # read_only_sql_transaction
    "42501": "database.read-only",  # insufficient_privilege
    "57P01": "database.gone",  # admin_shutdown
    "57P03": "database.gone",  # cannot_connect_now
    "53300": "database.gone",  # too_many_connections
}
_SAID = {
    "database is locked": "database.locked",
    "database table is locked": "database.locked",
    "disk is full": "database.full",
    "readonly database": "database.read-only",
}


class DatabaseFailed(LmsSyncError):
    """The database is locked, full, read-only or out of reach: nothing of the transaction was stored."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code, problem.place, **dict(problem.params))


def database_problem(error: BaseException) -> Problem | None:
    """The problem that an error of SQLAlchemy, sqlite3 or psycopg stands for; None where it is of another kind."""
    cause = getattr(error, "orig", None) or error
    reason = str(cause).strip().split("\n", 1)[0]
    code = _STATES.get(str(getattr(cause, "sqlstate", None)))
    if code is None and type(cause).__module__.partition(".")[0] == "sqlite3":
        code = next((code for said, code in _SAID.items() if said in reason), None)
    if code is None and type(cause).__module__.startswith("psycopg") and _is_connection(cause):
        code = "database.gone"
    return None if code is None else Problem(code, {"reason": reason})


def _is_connection(cause: BaseException) -> bool:
    """Whether psycopg has lost the server or could not reach it: such errors carry no SQLSTATE."""
    return type(cause).__name__ == "OperationalError" and getattr(cause, "sqlstate", None) is None
