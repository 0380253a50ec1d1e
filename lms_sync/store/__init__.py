"""The state database: one schema for SQLite and PostgreSQL, changed only by migrations."""
