# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Types that others have made, with code that notes who runs it, and values of these types in a table."""

from __future__ import annotations

from typing import NamedTuple, Optional

from servers import Database

#: app_owner and the monitoring role make types whose code notes who runs it. No rollback takes back a sequence.
_SETUP = """
CREATE SCHEMA app AUTHORIZATION app_owner;
GRANT ALL ON SCHEMA app TO powa;
CREATE EXTENSION citext SCHEMA app;
CREATE EXTENSION cube SCHEMA app;
CREATE EXTENSION hstore SCHEMA app;
CREATE EXTENSION lo SCHEMA app;
SET ROLE app_owner;
CREATE SEQUENCE app.as_superuser;
CREATE SEQUENCE app.as_other;
GRANT USAGE ON SEQUENCE app.as_superuser, app.as_other TO PUBLIC;
CREATE FUNCTION app.notes() RETURNS boolean LANGUAGE plpgsql AS $f$
BEGIN
    PERFORM nextval(CASE WHEN r.rolsuper THEN 'app.as_superuser' ELSE 'app.as_other' END)
        FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user;
    RETURN true;
EXCEPTION WHEN read_only_sql_transaction THEN
    RETURN true;
END $f$;
CREATE DOMAIN app.price AS numeric(10, 2) CHECK (app.notes());
CREATE DOMAIN app.low_price AS app.price;
CREATE DOMAIN app.amount AS money;
CREATE DOMAIN app.list AS integer[] CHECK (app.notes());
CREATE TYPE app.mood AS ENUM ('low', 'high');
CREATE DOMAIN app.moody AS app.mood CHECK (app.notes());
CREATE TYPE app.pair AS (n integer, mood app.mood);
CREATE TYPE app.span AS RANGE (SUBTYPE = integer);
CREATE TYPE app.score AS ENUM ('one', 'two');
CREATE FUNCTION app.score_text(s app.score) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT
    AS $f$BEGIN PERFORM app.notes(); RETURN CASE s WHEN 'one' THEN 'cast 1' ELSE 'cast 2' END; END$f$;
CREATE CAST (app.score AS text) WITH FUNCTION app.score_text(app.score) AS ASSIGNMENT;
CREATE FUNCTION app.prices(p app.price[]) RETURNS numeric[] LANGUAGE plpgsql STRICT
    AS $f$BEGIN PERFORM app.notes(); RETURN '{7}'::numeric[]; END$f$;
CREATE CAST (app.price[] AS numeric[]) WITH FUNCTION app.prices(app.price[]) AS IMPLICIT;
CREATE TYPE app.secret AS ENUM ('x');
CREATE FUNCTION app.secret_text(s app.secret) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''secret''';
REVOKE ALL ON FUNCTION app.secret_text FROM PUBLIC;
CREATE CAST (app.secret AS text) WITH FUNCTION app.secret_text(app.secret);
SET ROLE powa;
CREATE TYPE app.own AS ENUM ('mine');
CREATE FUNCTION app.own_text(o app.own) RETURNS text LANGUAGE plpgsql STRICT
    AS $f$BEGIN PERFORM app.notes(); RETURN 'cast mine'; END$f$;
CREATE CAST (app.own AS text) WITH FUNCTION app.own_text(app.own) AS IMPLICIT;
RESET ROLE;
"""


class Case(NamedTuple):
    """A type of a query.

    :param returned: how PostgreSQL writes it
    :param value: SQL of a value
    :param kept: the type of the column
    :param text: that of the value there
    """

    returned: str
    value: str
    kept: str
    text: str

    @property
    def cast_from(self) -> Optional[str]:
        return None if self.returned == self.kept.replace('"', "") else self.returned


CASES = [
    # PostgreSQL's own, as they are.
    Case("time without time zone", "'12:30'", "time without time zone", "12:30:00"),
    Case("bit", "B'101'", '"bit"', "101"),
    Case("timestamp with time zone[]", "'{infinity}'", "timestamp with time zone[]", "{infinity}"),
    # PostgreSQL's own that another server may read differently, or that are rare.
    Case("money", "12.5::numeric::money", "numeric", "12.50"),
    Case("money[]", "ARRAY[12.5::numeric::money]", "numeric[]", "{12.50}"),
    Case("regclass", "'pg_class'", "text", "pg_class"),
    Case("regprocedure", "'app.notes()'", "text", "app.notes()"),
    Case("regtype[]", "'{app.mood}'", "text[]", "{app.mood}"),
    Case("regrole", "'app_owner'", "text", "app_owner"),
    Case("character", "'x'::char(5)", "text", "x"),
    Case("aclitem[]", "'{powa=r/postgres}'", "text[]", "{powa=r/postgres}"),
    Case("xml", "'<a/>'", "text", "<a/>"),
    Case("json[]", "ARRAY['{}'::json]", "text[]", '{"{}"}'),
    Case("point", "'(1,2)'", "text", "(1,2)"),
    Case("int4range", "'[1,2)'", "text", "[1,2)"),
    Case("refcursor", "'c'", "text", "c"),
    Case("information_schema.sql_identifier", "'id'", "name", "id"),
    # Those of others.
    Case("app.price", "1.5", "numeric", "1.50"),
    Case("app.low_price", "2.5", "numeric", "2.50"),
    Case("app.amount", "2.5::numeric::money", "numeric", "2.50"),
    Case("app.price[]", "ARRAY[1.5::app.price]", "numeric[]", "{7}"),
    Case("app.list", "'{1,2}'", "integer[]", "{1,2}"),
    Case("app.list[]", "ARRAY['{1}'::app.list]", "text", '{"{1}"}'),
    Case("app.mood", "'high'", "text", "high"),
    Case("app.mood[]", "'{low,NULL}'", "text[]", "{low,NULL}"),
    Case("app.moody", "'low'", "text", "low"),
    Case("app.pair", "'(3,low)'", "text", "(3,low)"),
    Case("app.pair[]", "ARRAY['(3,low)'::app.pair]", "text[]", '{"(3,low)"}'),
    Case("app.span", "'[3,5)'", "text", "[3,5)"),
    Case("app.score", "'one'", "text", "cast 1"),
    Case("app.score[]", "'{two}'", "text[]", '{"cast 2"}'),
    Case("app.own", "'mine'", "text", "cast mine"),
    # Those of extensions, the last a domain.
    Case("app.citext", "'Low'", "text", "Low"),
    Case("app.citext[]", "'{Low,NULL}'", "text[]", "{Low,NULL}"),
    Case("app.cube", "'(1,2)'", "text", "(1, 2)"),
    Case("app.hstore", "'a=>1'", "text", '"a"=>"1"'),
    Case("app.lo", "42", "oid", "42"),
]
#: The columns of app.things.
NAMES = ["c{0}".format(number) for number in range(len(CASES))]
_WITH_LENGTH = {"bit": "bit(3)", "character": "character(5)"}
SUPERUSER, OTHER = "app.as_superuser", "app.as_other"


def make_types(database: Database) -> None:
    """Have others make types, and make a table with a row of values of all types and one of nothing."""
    database.sql("DO $d$ BEGIN IF to_regrole('app_owner') IS NULL THEN CREATE ROLE app_owner; END IF; END $d$")
    database.sql(_SETUP)
    types = [_WITH_LENGTH.get(case.returned, case.returned) for case in CASES]
    columns = ", ".join(map("{0} {1}".format, NAMES, types))
    values = ", ".join("({0})::{1}".format(case.value, name) for case, name in zip(CASES, types))
    database.sql(
        "CREATE TABLE app.things (id integer, {0}); GRANT SELECT ON app.things TO powa;"
        " INSERT INTO app.things VALUES (1, {1}); INSERT INTO app.things (id) VALUES (2)".format(columns, values)
    )


def has_run(database: Database, who: str) -> bool:
    """Return whether code of others has run as somebody, and forget it."""
    found = database.value("SELECT is_called FROM " + who)
    database.sql("SELECT setval(%s, 1, false)", (who,))
    return bool(found)
