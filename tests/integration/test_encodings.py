# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real collector on a server whose databases have other encodings than PoWA's: the oracle is what they store."""

from __future__ import annotations

from typing import Any, Dict, Iterator, NamedTuple, Optional

import pytest
from servers import Database, Server, running_collector, wait_until


class Stored(NamedTuple):
    """A word of a database.

    :param stored: its bytes
    :param text: what they are in UTF-8, or None if they are no text there
    """

    encoding: str
    stored: bytes
    text: Optional[str]


#: Seconds. PoWA also copies the catalogs of all databases.
LONG = 180
WORDS = {
    "words_in_utf8": Stored("UTF8", "été 5 €".encode(), "été 5 €"),
    "words_in_latin1": Stored("LATIN1", b"\xe9t\xe9", "été"),
    "words_in_latin9": Stored("LATIN9", b"5 \xa4", "5 €"),
    "words_in_win1252": Stored("WIN1252", b"5 \x80", "5 €"),
    # PostgreSQL stores any byte in an encoding of single bytes. This one is no character.
    "words_in_win1252_undefined": Stored("WIN1252", b"\x81", None),
    "words_in_koi8r": Stored("KOI8R", b"\xc4\xc1", "да"),
    "words_in_euc_jp": Stored("EUC_JP", b"\xc5\xec\xb5\xfe", "東京"),
    # Python has no codec for it.
    "words_in_euc_tw": Stored("EUC_TW", b"\xc4\xa1", "一"),
    "words_in_sql_ascii": Stored("SQL_ASCII", "été".encode(), "été"),
    "words_in_sql_ascii_latin1": Stored("SQL_ASCII", b"\xe9t\xe9", None),
}
OF_EACH: Dict[str, Any] = {
    "name": "words",
    "scope": "database",
    "query": "SELECT word, 1::bigint AS n FROM public.words",
    "keys": [{"name": "word", "type": "text"}],
    "metrics": [{"name": "n", "type": "bigint", "kind": "gauge"}],
    "databases": list(WORDS),
}


@pytest.fixture
def words(server: Server) -> Iterator[None]:
    """A database for each word."""
    for name, word in WORDS.items():
        server.sql(
            "postgres",
            "CREATE DATABASE {0} ENCODING '{1}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'".format(
                name, word.encoding
            ),
        )
        server.shell(
            "PGCLIENTENCODING=SQL_ASCII runuser -u postgres -- psql -X --set=ON_ERROR_STOP=1 {0}".format(name),
            "CREATE TABLE words AS SELECT convert_from('\\x{0}', '{1}') AS word;".format(
                word.stored.hex(), word.encoding
            ),
        )
    yield
    for name in WORDS:
        server.sql("postgres", "DROP DATABASE {0} WITH (FORCE)".format(name))


#: A query whose text is no UTF-8, and which pg_stat_statements keeps.
QUERY = """
printf 'SELECT 1 AS "\\351"' | PGCLIENTENCODING=SQL_ASCII runuser -u postgres -- psql -X words_in_sql_ascii_latin1
"""


@pytest.mark.parametrize("server", ["5"], ids=["powa5"], indirect=True, scope="session")
def test_text_that_is_none_ends_no_collection_of_the_other_databases(database: Database, words: None) -> None:
    server = {"hostname": "127.0.0.1", "username": "postgres", "dbname": database.name, "frequency": 5}
    database.ok("servers", servers=[server])
    # As a query that names an extension, all rows of a database come as one value.
    one_value = dict(OF_EACH, query=OF_EACH["query"] + " WHERE {plpgsql}.plpgsql_validator(NULL) IS NULL")
    database.ok("datasources", datasources=[one_value], server_kind=["repository"], monitoring_role="powa")
    srvid = database.value("SELECT id FROM powa_servers WHERE id > 0")
    taken = "SELECT count(DISTINCT ts) FROM powa_words_get(%s, NULL, NULL)"

    def problems() -> Dict[str, Dict[str, str]]:
        found = database.ok("server_info", monitoring_role="powa", collector_timeout=0)["problems"]
        return {problem["subject"]: problem for problem in found if problem["kind"] == "snapshot_errors"}

    try:
        with running_collector(database):
            wait_until(lambda: database.value(taken, (srvid,)) >= 2, "two snapshots", LONG)
            assert list(problems()) == ["words"]
            database.server.shell(QUERY)
            wait_until(lambda: "pg_stat_statements" in problems(), "an error of the query", LONG)
            seen = problems()
            # What the user is told to do.
            database.sql(seen["pg_stat_statements"]["cure"].rpartition("queries: ")[2])
            wait_until(lambda: list(problems()) == ["words"], "a snapshot without it", LONG)
    finally:
        # Other tests read the queries, too.
        database.sql("SELECT pg_stat_statements_reset()")
    assert 'byte sequence 0x81 in encoding "WIN1252" has no equivalent' in seen["words"]["problem"]
    assert 'invalid byte sequence for encoding "UTF8": 0xe9 0x74 0xe9' in seen["words"]["problem"]
    assert seen["words"]["cure"].startswith("correct that text; a datasource with scope database can leave")
    found = database.sql(
        "SELECT DISTINCT d.datname::text, g.word FROM powa_words_get(%s, NULL, NULL) AS g"
        " JOIN pg_database AS d ON d.oid = g.dbid",
        (srvid,),
    )
    assert dict(found) == {name: word.text for name, word in WORDS.items() if word.text is not None}


@pytest.mark.parametrize("server", ["5"], ids=["powa5"], indirect=True, scope="session")
@pytest.mark.parametrize("encoded", ["LATIN1"], indirect=True)
def test_a_repository_that_cannot_store_a_text_says_so(encoded: Database, words: None) -> None:
    server = {"hostname": "127.0.0.1", "username": "postgres", "dbname": encoded.name, "frequency": 5}
    encoded.ok("servers", servers=[server])
    both = [dict(OF_EACH, databases=["words_in_latin1", "words_in_win1252"])]
    encoded.ok("datasources", datasources=both, server_kind=["repository"], monitoring_role="powa")
    srvid = encoded.value("SELECT id FROM powa_servers WHERE id > 0")
    with running_collector(encoded):
        wait_until(
            lambda: encoded.value("SELECT count(DISTINCT ts) FROM powa_words_get(%s, NULL, NULL)", (srvid,)) >= 2,
            "two snapshots",
            LONG,
        )
        found = encoded.ok("server_info", monitoring_role="powa", collector_timeout=0)["problems"]
    # pg_stat_statements may have queries of other databases that LATIN1 cannot express.
    assert any("byte sequence 0xe2 0x82 0xac" in problem["problem"] for problem in found)
    assert {problem["cause"] for problem in found} == {
        "the encoding LATIN1 of PoWA's database, on the server or its repository, has no character for a text"
    }, found
    assert encoded.sql("SELECT DISTINCT word FROM powa_words_get(%s, NULL, NULL)", (srvid,)) == [("été",)]
