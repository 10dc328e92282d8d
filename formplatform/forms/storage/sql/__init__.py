"""The form store in SQL: SQLite or PostgreSQL, through the ORM."""
