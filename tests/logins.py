"""Logging in to a database as one of its roles, and asking there."""

from __future__ import annotations

from contextlib import closing

import psycopg2
from sqlalchemy import make_url, text


def logged_in(databases, url: str, role: str):
    address = make_url(databases.url_of(url, role)).set(drivername="postgresql")
    connection = psycopg2.connect(address.render_as_string(hide_password=False))
    connection.autocommit = True
    return closing(connection)


def asked(connection, statement: str, **values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def do_as_told(admin, fault):
    """Run the statements that a fault names for an administrator."""
    with admin.connect() as connection:
        for statement in fault.detail.en.partition("migrate again: ")[2].split(";"):
            if statement.strip():
                connection.execute(text(statement))
