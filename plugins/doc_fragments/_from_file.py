# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of the filters that read files of other tools."""

from __future__ import annotations


class ModuleDocFragment:
    """What these filters have in common."""

    DOCUMENTATION = r"""
description:
  - Types are left out, since such files do not have them. The remotes find them out from the queries. A column that
    the file does not have for every version is an exception. As a metric it becomes V(double precision), as a key or a
    metric with texts V(text), in all versions.
  - The other tools leave out a server whose version of PostgreSQL has no query. A datasource returns no rows there.
    So if the first query of a metric is for a version after 13, that is so for all of its columns.
  - An exporter makes numbers of all values, and so do its filters where the text of a query tells that it returns
    something else. A time, such as C(last_vacuum), becomes seconds since 1970, an interval, such as C(replay_lag), its
    seconds, a text its number, or C(NULL) if it is none.
  - What C(extract) returns becomes V(double precision), as it is before PostgreSQL 14.
  - But for what C(extract) returns, the values of pgwatch stay as they are in metrics that have a query for every
    version. In others, too, they stay texts where the text of the query tells that they are, and become numbers
    otherwise, an interval its seconds, a WAL position its bytes. A warning names values that the text of the query does
    not tell to be either. PoWA stores texts, and draws no graph of them.
  - If a query returns several columns of one name, the last one is taken, as the other tools do.
  - Metrics get a unit if their names end with one, such as C(_bytes), C(_seconds) or C(_ms), or if their description
    says so, as in C(in milliseconds). They get none if the two differ, or if the value is a point in
    time, such as C(start_time_seconds) or what the description calls an epoch.
  - Keys can be C(NULL), since the other tool takes such labels for empty ones.
  - A query is put into a SELECT of the wanted columns where it returns others, or where it is only for primaries or
    standbys. On other servers such a datasource has no rows.
  - A column with a name that PoWA's tables use themselves, such as C(ts), gets C(_value) at its end.
  - The name of a datasource is that of the metric, with other characters than lower-case letters, digits and
    underscores replaced. If PoWA itself uses the name, that of the tool is put in front. The end of a long name becomes
    a hash.
  - A query is left out if it calls a function by its name before PostgreSQL 10, such as
    C(pg_last_xlog_receive_location).
  - What cannot be taken over is named in a warning, with the reason. That includes fields that PoWA has nothing like,
    such as how often a query runs, since PoWA runs each one at every snapshot, and fields that the format does not
    have. One warning names all metrics of which the same is left out.
options:
  names:
    description:
      - Names of the metrics to take, with wildcards such as V(wal_*). Without it, all are taken.
      - A name that the file does not have is an error.
    type: list
    elements: str
  prefix:
    description: What to put in front of the name of each datasource.
    type: str
    default: ''
  scope:
    description:
      - The scope of the datasources. By default, each has the one that the file gives it.
      - With V(database), what the file says is to run once on each server stays V(cluster). That is C(master) of
        postgres_exporter, the tag C(cluster) of pg_exporter, and C(is_instance_level) of pgwatch.
      - V(database) needs PoWA 5. With PoWA 4 use V(cluster), which runs each query in PoWA's database only.
      - With V(database), a query looks up names in C(pg_catalog) only. Where it names a view or function of
        C(pg_buffercache), C(pg_freespacemap), C(pg_qualstats), C(pg_stat_kcache), C(pg_stat_statements),
        C(pg_track_settings), C(pg_visibility), C(pg_wait_sampling), C(pg_walinspect), C(pgrowlocks) or C(pgstattuple)
        without a schema, the definition names the extension, and the query runs in each database that has it. Tables
        and views without a schema whose names do not begin with C(pg_) are read in C(public). Write the schema of
        everything else into the file, or into the definition. A table that a query writes as C(regclass) has its schema
        in front, also where it is V(public).
    type: str
    choices: [cluster, database]
  on_problem:
    description:
      - V(skip) warns of each metric that cannot be taken over, and leaves it out.
      - V(fail) fails if there is such a metric, and names all of them. What is left out of a metric, such as a column
        or a field, stays a warning, since few files have nothing of that.
      - V(list) returns what cannot be taken over instead of the definitions, for each metric.
    type: str
    choices: [skip, fail, list]
    default: skip
seealso:
  - module: pgfleet.powa.datasources
"""
