# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layouts of PostgreSQL's configuration: what a run has to do with each, and how a cluster gets it.

A script runs in the folder of the cluster's postgresql.conf, with its name as $name and its data directory as $data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Tuple

#: What a line of a layout sets, and what the role adds to.
LIBRARIES = "shared_preload_libraries"
OURS = "pg_stat_statements,pg_qualstats"
_RELOAD = "reload"


@dataclass(frozen=True)
class Layout:
    """One layout.

    :param restarts: by the first, the second and the third run
    :param says: what each of these runs says of the host, or an empty text if it has nothing to say
    :param fails: whether the host fails, which also means that nothing is written
    :param loads: the libraries that PostgreSQL has in the end
    :param before: a script that runs before PostgreSQL starts
    :param after: one that runs while it runs
    """

    restarts: Tuple[int, int, int]
    says: str = ""
    fails: bool = False
    loads: str = ""
    before: str = ""
    after: str = ""
    variables: Dict[str, Any] = field(default_factory=dict)


def _restarted(loads: str = OURS, **parts: Any) -> Layout:
    return Layout((1, 0, 0), loads=loads, **parts)


def _left(loads: str, **parts: Any) -> Layout:
    return Layout((0, 0, 0), loads=loads, **parts)


def _refused(says: str, loads: str = "", **parts: Any) -> Layout:
    return Layout((0, 0, 0), says, True, loads, **parts)


def _sets(file: str, value: str) -> str:
    return "echo \"{0} = '{1}'\" >> {2}\n".format(LIBRARIES, value, file)


def _starts_with(value: str) -> str:
    """Return the script for a setting on the command line, which systemd's unit has."""
    return (
        "folder=/etc/systemd/system/postgresql@$version-$name.service.d && mkdir --parents $folder\n"
        "cat > $folder/options.conf << 'CONF'\n[Service]\nExecStart=\n"
        'ExecStart=-/usr/bin/pg_ctlcluster --skip-systemctl-redirect %i start -o "-c {0}={1}"\nCONF'
    ).format(LIBRARIES, value)


#: {0} is the folder of postgresql.conf.
LAYOUTS = {
    "outside": _restarted(
        before="mv $data /srv/$name && sed -i 's#/var/lib/postgresql/.*/'$name'#/srv/'$name'#' *.conf"
    ),
    "pending": _restarted(after=_sets("conf.d/00.conf", OURS) + _RELOAD),
    "altered": _restarted(
        "auto_explain, pg_stat_statements, pg_qualstats",
        after="psql --command='ALTER SYSTEM SET {0} = auto_explain'".format(LIBRARIES),
    ),
    "standby": _restarted(before="touch $data/standby.signal"),
    # A restart would bring something else.
    "loaded": _left(
        OURS,
        before=_sets("conf.d/00.conf", OURS),
        after="echo 'max_connections = 210' >> conf.d/zz.conf\n" + _RELOAD,
    ),
    "quoted": _left(
        '"$libdir/pg_stat_statements", "pg_qualstats", "auto_explain"',
        before=_sets("conf.d/zz.conf", '\\"\\$libdir/pg_stat_statements\\", \\"pg_qualstats\\", \\"auto_explain\\"'),
    ),
    "not_allowed": _left(
        "",
        says="needs a restart of PostgreSQL, but powa_restart_postgresql",
        variables={"powa_restart_postgresql": None},
    ),
    "own": _refused(
        "{0} lacks pg_stat_statements, pg_qualstats, and powa_configure_postgresql is false".format(LIBRARIES),
        variables={"powa_configure_postgresql": False},
    ),
    "not_included": _restarted(
        "auto_explain, pg_stat_statements, pg_qualstats",
        before="sed -i 's/^include_dir/#&/' postgresql.conf && echo \"listen_addresses = '*'\" >> postgresql.conf\n"
        + _sets("postgresql.conf", "auto_explain"),
    ),
    "later_line": _refused(
        "is set in {0}/postgresql.conf, line {1}, which PostgreSQL reads after {0}/conf.d/powa.conf",
        "auto_explain",
        before=_sets("postgresql.conf", "auto_explain"),
    ),
    "later_include": _refused(
        "is set in {0}/late.conf, line 1, which PostgreSQL reads after {0}/conf.d/powa.conf",
        before="echo \"include_if_exists 'late.conf'\" >> postgresql.conf",
        after=_sets("late.conf", "auto_explain"),
    ),
    "command_line": _refused(
        '{0} is "auto_explain" on the command line of PostgreSQL'.format(LIBRARIES),
        "auto_explain",
        before=_starts_with("auto_explain"),
    ),
    "unreadable": _refused(
        "PostgreSQL cannot read {0}/", after="echo 'work_mem = 5MB' > conf.d/00.conf && chmod 0600 conf.d/00.conf"
    ),
    "rubbish": _refused(
        'PostgreSQL would not start with its files as they are (invalid value for parameter "work_mem"',
        after="echo \"work_mem = 'much'\" > conf.d/00.conf",
    ),
    "no_file": _refused(
        "pg_wait_sampling is to be preloaded, but ",
        variables={"powa_stats_extensions": ["pg_qualstats", "pg_wait_sampling"]},
    ),
    "patroni": _refused(
        "{0}/postgresql.conf is written by Patroni, which would undo what this run sets",
        before="sed -i '1i # Do not edit this file manually!\\n# It will be overwritten by Patroni!' postgresql.conf",
    ),
}
