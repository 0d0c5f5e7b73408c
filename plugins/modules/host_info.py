# Copyright (c) 2026, pgfleet
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module pgfleet.powa.host_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_info
short_description: Return what a host has of PostgreSQL and PoWA
version_added: 0.2.0
description:
  - Returns the host's clusters, packages, units, files and virtual environments.
  - Of one cluster, it returns the settings, where each is set and whether it waits for a restart, the rules of
    C(pg_hba.conf) as the server parses them, and the roles; of PoWA's database, the extensions and the rights of roles.
  - Changes nothing, since its sessions are read-only.
  - It needs no psycopg2, and a password only where PostgreSQL asks for one. It runs C(psql) at most twice, as the owner
    of the cluster or as O(run_as) if it is run as root, or else as the user who runs it.
  - Never fails because a host lacks something or because a right is missing. RV(unseen) says what it could not read.
  - Never returns passwords, nor checksums of files that hold them.
author:
  - pgfleet (@pgfleet)
extends_documentation_fragment:
  - pgfleet.powa._read_only
  - pgfleet.powa._attributes
attributes:
  action_group:
    description: It lacks some login options of C(group/pgfleet.powa.powa), and others have other defaults here.
    support: none
options:
  postgresql_version:
    description: The major version of the cluster to read. Without it, O(port) alone selects the cluster.
    type: str
    default: ""
  port:
    description: The port of the cluster to read.
    type: int
    default: 5432
  login_host:
    description:
      - Host of the PostgreSQL server. Empty for the socket of the cluster.
      - With this or O(login_unix_socket), a server is also read that the system's programs do not list as a cluster.
    type: str
    default: ""
  login_port:
    description: Port to log in at, if it is another than that of the cluster.
    type: int
  login_user:
    description: Role to log in as. Empty for the one with the name of the user who runs C(psql).
    type: str
    default: ""
  login_password:
    description: Password of O(login_user).
    type: str
    default: ""
  login_unix_socket:
    description: Directory of the socket, if the cluster does not tell it.
    type: str
    default: ""
  run_as:
    description: User of the operating system who runs C(psql), if root runs the module. Empty for the cluster's owner.
    type: str
    default: ""
  server_only:
    description:
      - Whether the server is on another host than the one that runs the module, so that only what PostgreSQL itself
        says is read. It needs O(login_host).
    type: bool
    default: false
  database:
    description: The database that PoWA is, or will be, installed in.
    type: str
    default: powa
  monitoring_role:
    description: The role that the collector logs in as on a monitored server.
    type: str
    default: ""
  collector_role:
    description: The role that the collector logs in as on a repository.
    type: str
    default: ""
  web_role:
    description: The role that powa-web logs in as.
    type: str
    default: ""
  reader_role:
    description: The role that only reads a repository.
    type: str
    default: ""
  packages:
    description: More packages to look for.
    type: list
    elements: str
    default: []
  units:
    description: Units of systemd to look for.
    type: list
    elements: str
    default: []
  files:
    description: Files to look for.
    type: list
    elements: path
    default: []
  secret_files:
    description: Files to look for that hold passwords or keys. Their checksums are not returned.
    type: list
    elements: path
    default: []
  expected_files:
    description:
      - Path -> the text that the file should hold. RV(files.as_expected) says whether it does.
      - Only files of O(files) and O(secret_files) are compared. The texts are neither returned nor logged.
    type: dict
    default: {}
  expected_passwords:
    description:
      - Role -> the password that it should have. RV(server.roles.password_as_expected) says whether it does.
      - Only those of O(monitoring_role), O(collector_role), O(web_role) and O(reader_role) are compared, with what
        PostgreSQL stores, which needs a superuser. Neither is returned or logged, and no statement has a password.
    type: dict
    default: {}
  password_encryption:
    description: How PostgreSQL should store the passwords.
    type: str
    choices: [scram-sha-256, md5]
    default: scram-sha-256
  folders:
    description: Folders to look for. The checksums of the files directly in them are returned.
    type: list
    elements: path
    default: []
  virtualenvs:
    description: Folders of virtual environments of Python to look for.
    type: list
    elements: path
    default: []
  repository:
    description:
      - Whether to read a repository's servers, and the rights of O(collector_role), O(web_role) and O(reader_role)
        there.
    type: bool
    default: false
  resolve_names:
    description: Names of hosts that this host has to resolve. One that begins with a slash is the folder of a socket.
    type: list
    elements: str
    default: []
  client_hosts:
    description:
      - Hosts that log in to the server, as C(pg_hba.conf) writes them. Names are always looked up, and addresses only
        if a rule of C(pg_hba.conf) has a name.
    type: list
    elements: str
    default: []
  collector_log:
    description: Whether to read the log of powa-collector.
    type: bool
    default: false
  server_log:
    description: Whether to read the end of PostgreSQL's log.
    type: bool
    default: false
  start_settings:
    description:
      - Settings to read as a restart would bring them, which RV(server.next_start) has. For each, PostgreSQL's own
        program is run as C(postgres -C), with the arguments of the last start, but only if RV(server.file_errors) has
        a line that the server has not taken.
    type: list
    elements: str
    default: []
  certificates:
    description:
      - Files of certificates with which programs log in to PostgreSQL. RV(certificates) has what is wrong with them.
    type: list
    elements: dict
    default: []
    suboptions:
      user:
        description: The user as whom the program runs.
        type: str
        required: true
      ca:
        description: The file of the certificate authorities that the program trusts.
        type: path
      certificate:
        description: The file of the certificate that the program shows.
        type: path
      key:
        description: The file of that certificate's key, which is neither returned nor logged.
        type: path
notes:
  - Run it as root. As the owner of the cluster it cannot read the files and logs of other programs, and as another user
    it sees of the server what PostgreSQL shows to the role of the same name.
  - It knows the packages of the Debian family, and PGDG's for the RHEL family.
seealso:
  - module: pgfleet.powa.server_info
"""

EXAMPLES = r"""
- name: Read what this host has of PostgreSQL
  pgfleet.powa.host_info:
  register: powa_host
  become: true

- name: Show which settings wait for a restart, and the rules of pg_hba.conf that the server refuses
  ansible.builtin.debug:
    msg: "{{ server.settings | dict2items | selectattr('value.pending_restart') | map(attribute='key') | list }},
      {{ server.hba | selectattr('error') | list }}"
  vars:
    server: "{{ powa_host.server or {'settings': {}, 'hba': []} }}"

- name: Read a repository with its collector and web interface
  pgfleet.powa.host_info:
    monitoring_role: powa_monitor
    collector_role: powa_collector
    web_role: powa_web
    reader_role: powa_reader
    repository: true
    packages: [powa-collector]
    units: [powa-collector, powa-web]
    files: [/etc/powa-collector.conf]
    secret_files: [/etc/powa-collector.pgpass]
    expected_files:
      /etc/powa-collector.pgpass: "{{ [login] | pgfleet.powa.pgpass }}"
    expected_passwords:
      powa_collector: "{{ login.password }}"
    virtualenvs: [/opt/powa-web]
    resolve_names: [localhost]
    client_hosts: [localhost, 10.0.0.9/32]
    collector_log: true
  become: true
  vars:
    login:
      host: localhost
      port: 5432
      user: powa_collector
      password: "{{ lookup('ansible.builtin.password', '/dev/null') }}"
"""

RETURN = r"""
os:
  description: The operating system.
  returned: success
  type: dict
  contains:
    name:
      description: What it calls itself.
      type: str
      returned: always
      sample: Debian GNU/Linux 12 (bookworm)
    family:
      description: C(Debian), C(RedHat), or empty for any other.
      type: str
      returned: always
      sample: Debian
installed:
  description: The major versions of PostgreSQL of which the host has the server's programs.
  returned: success
  type: list
  elements: str
  sample: ['15']
clusters:
  description: The clusters of PostgreSQL.
  returned: success
  type: list
  elements: dict
  contains:
    version:
      description: Its major version.
      type: str
      returned: always
      sample: '15'
    name:
      description: Its name. On the RHEL family it is that of its unit, or without one its folder.
      type: str
      returned: always
      sample: main
    port:
      description: Its port.
      type: int
      returned: always
      sample: 5432
    running:
      description: Whether it runs.
      type: bool
      returned: always
      sample: true
    data_directory:
      description: Its folder.
      type: str
      returned: always
      sample: /var/lib/postgresql/15/main
    unit:
      description: The systemd unit that runs it, or an empty text if none does.
      type: str
      returned: always
      sample: postgresql@15-main
    owner:
      description: The user who owns its files.
      type: str
      returned: always
      sample: postgres
unread_clusters:
  description:
    - Clusters whose configuration PostgreSQL's tools could not read, and why, one sentence each. RV(clusters) may lack
      them. RV(unseen) has these sentences, too.
  returned: success
  type: list
  elements: str
  sample: []
cluster:
  description: The one of RV(clusters) that O(port) and O(postgresql_version) select, or null.
  returned: success
  type: dict
version:
  description:
    - The major version of PostgreSQL, that is, the cluster's, or else O(postgresql_version), or else what the
      distribution would install, or else empty.
  returned: success
  type: str
  sample: '15'
packages:
  description:
    - Package -> its versions. It has the packages of the server, of PoWA, of the driver, and those of O(packages),
      whether installed or not, and any other package of this version of PostgreSQL that is installed.
  returned: success
  type: dict
  contains:
    installed:
      description: The version that is installed, or null.
      type: str
      returned: always
      sample: 15.6-1
    candidate:
      description: The version that would be installed, or null. It is looked up only if the package is not installed.
      type: str
      returned: always
      sample: 15.6-1
driver:
  description: Whether C(/usr/bin/python3) can import psycopg2.
  returned: success
  type: bool
  sample: true
extension_folder:
  description: The folder of the extensions of RV(version), or null.
  returned: success
  type: dict
  contains:
    path:
      description: The folder.
      type: str
      returned: always
      sample: /usr/share/postgresql/15/extension
    writable:
      description: Whether the user who ran the module could write there.
      type: bool
      returned: always
      sample: true
    controls:
      description: The extensions that are not marker extensions of this collection.
      type: list
      elements: str
      returned: always
      sample: [plpgsql, powa]
    markers:
      description: Marker extension -> the SHA-256 checksum of its control file, followed by its script.
      type: dict
      returned: always
      sample: {}
    powa:
      description: The version of PoWA whose files are there, or empty.
      type: str
      returned: always
      sample: 4.1.4
powa_files:
  description:
    - PoWA's library, control file and scripts for RV(version), each with the package that owns it.
    - A file without a package, such as one that was built from source, has null. So has one that a local diversion
      (C(dpkg-divert)) keeps from its package.
    - Empty if PoWA is not installed. Null if the host cannot tell whose the files are; RV(unseen) says why.
  returned: success
  type: dict
  sample:
    /usr/lib/postgresql/15/lib/powa.so: postgresql-15-powa
    /usr/share/postgresql/15/extension/powa.control: postgresql-15-powa
users:
  description: Those of the users C(powa), C(powa-web) and C(postgres) that exist.
  returned: success
  type: list
  elements: str
  sample: [postgres]
units:
  description: Unit of O(units) -> its state.
  returned: success
  type: dict
  contains:
    exists:
      description: Whether systemd knows it.
      type: bool
      returned: always
      sample: true
    enabled:
      description: As C(systemctl is-enabled) tells it, or empty if it does not exist.
      type: str
      returned: always
      sample: enabled
    active:
      description: As C(systemctl is-active) tells it.
      type: str
      returned: always
      sample: active
files:
  description: File of O(files) and O(secret_files) -> its state. Files that do not exist are left out.
  returned: success
  type: dict
  contains:
    kind:
      description: C(file), C(directory) or C(other).
      type: str
      returned: always
      sample: file
    owner:
      description: Its owner.
      type: str
      returned: always
      sample: root
    group:
      description: Its group.
      type: str
      returned: always
      sample: powa
    mode:
      description: Its permissions.
      type: str
      returned: always
      sample: '0640'
    size:
      description: Its size in bytes.
      type: int
      returned: always
      sample: 102
    sha256:
      description:
        - The SHA-256 checksum of its content. Null for a folder, for a file of O(secret_files), for one with the word
          password in quotes or with a connection string that has a password, and where the content cannot be read.
      type: str
      returned: always
    as_expected:
      description: Whether it holds the text of O(expected_files). Null without one, or if its content cannot be read.
      type: bool
      returned: always
      sample: true
folders:
  description:
    - Folder of O(folders) -> name -> SHA-256 checksum, for each file directly in it. Folders that do not exist are left
      out.
  returned: success
  type: dict
  sample: {/opt/powa-web/pages/powa_web_pages: {}}
virtualenvs:
  description: Folder of O(virtualenvs) -> its state. Folders that do not exist are left out.
  returned: success
  type: dict
  contains:
    stale:
      description: Whether its Python is gone or is newer than its packages, as after an upgrade of the distribution.
      type: bool
      returned: always
      sample: false
    packages:
      description: Package -> version, with names in lower case and with hyphens. Empty if it is stale.
      type: dict
      returned: always
      sample: {powa-web: 4.2.1}
server:
  description: What the server of the cluster has, or null if there is none, it does not run, or it refused the login.
  returned: success
  type: dict
  contains:
    version_num:
      description: Its version as a number.
      type: int
      returned: always
      sample: 150006
    user:
      description: The role that the module logged in as.
      type: str
      returned: always
      sample: postgres
    config_file:
      description: Its main configuration file, or null without the right to see it.
      type: str
      returned: always
      sample: /etc/postgresql/15/main/postgresql.conf
    hba_file:
      description: Its C(pg_hba.conf), or null without the right to see it.
      type: str
      returned: always
      sample: /etc/postgresql/15/main/pg_hba.conf
    data_directory:
      description: Its data directory, or null without the right to see it.
      type: str
      returned: always
      sample: /var/lib/postgresql/15/main
    superuser:
      description: Whether that role is a superuser.
      type: bool
      returned: always
    createrole:
      description: Whether that role may create roles.
      type: bool
      returned: always
    available:
      description: The extensions whose files the server has -> the version that C(CREATE EXTENSION) would make.
      type: dict
      returned: always
      sample: {powa: 5.0.2}
    standby:
      description: Whether it is a standby.
      type: bool
      returned: always
      sample: false
    system_identifier:
      description: The number that a primary and its standbys have in common, as a text.
      type: str
      returned: always
      sample: "7431905237411256342"
    unread:
      description:
        - Whether C(pg_hba.conf), a file that it includes, or C(conf.d/powa.conf) beside the main configuration file is
          newer than the last reload.
      type: bool
      returned: always
      sample: false
    settings:
      description:
        - Setting -> its state, for C(shared_preload_libraries), C(listen_addresses), C(port), C(allow_alter_system),
          C(ssl), and those of PoWA and of its stats extensions.
      type: dict
      returned: always
      contains:
        value:
          description: The value that the server uses, as C(pg_settings) shows it.
          type: str
          returned: always
          sample: '300000'
        unit:
          description: The unit of the value, or null.
          type: str
          returned: always
          sample: ms
        source:
          description: What kind of source the value has.
          type: str
          returned: always
          sample: configuration file
        file:
          description: The file that sets it, or null.
          type: str
          returned: always
          sample: /etc/postgresql/15/main/conf.d/powa.conf
        line:
          description: The line of the file, or null.
          type: int
          returned: always
          sample: 3
        pending_restart:
          description: Whether the file has a value that waits for a restart.
          type: bool
          returned: always
          sample: false
    file_settings:
      description:
        - What the configuration files set now, in the order in which the server reads them, for the same names but
          C(ssl). The last one of a name decides.
      type: list
      elements: dict
      returned: always
      contains:
        name:
          description: The setting, in lower case.
          type: str
          returned: always
          sample: powa.frequency
        value:
          description: The value, as the file has it.
          type: str
          returned: always
          sample: 5min
        file:
          description: The file.
          type: str
          returned: always
          sample: /etc/postgresql/15/main/conf.d/powa.conf
        line:
          description: The line of the file.
          type: int
          returned: always
          sample: 3
        applied:
          description: Whether a reload can apply it.
          type: bool
          returned: always
          sample: true
        error:
          description: Why it cannot be applied, or null.
          type: str
          returned: always
    file_errors:
      description: The lines of the configuration files that have an error, of any setting.
      type: list
      elements: dict
      returned: always
      contains:
        name:
          description: The setting, or null where the server cannot read the line.
          type: str
          returned: always
        file:
          description: The file.
          type: str
          returned: always
          sample: /etc/postgresql/15/main/postgresql.conf
        line:
          description: The line of the file.
          type: int
          returned: always
          sample: 127
        error:
          description: What is wrong with it.
          type: str
          returned: always
          sample: syntax error
    includes:
      description:
        - The lines by which the main configuration file, and the files that it includes, include others. Null if the
          user who reads may not read one of these files.
      type: list
      elements: dict
      returned: always
      contains:
        file:
          description: The file that has the line.
          type: str
          returned: always
          sample: /etc/postgresql/15/main/postgresql.conf
        line:
          description: The line of the file.
          type: int
          returned: always
          sample: 790
        kind:
          description: C(include), C(include_if_exists) or C(include_dir).
          type: str
          returned: always
          sample: include_dir
        path:
          description: The file or folder that it includes.
          type: str
          returned: always
          sample: /etc/postgresql/15/main/conf.d
        commented:
          description: Whether the line is commented out, and so includes nothing.
          type: bool
          returned: always
          sample: false
    library_folder:
      description: PostgreSQL's own folder of libraries, which C($libdir) stands for.
      type: str
      returned: always
      sample: /usr/lib/postgresql/15/lib
    libraries:
      description:
        - Entry of C(shared_preload_libraries) -> the file that PostgreSQL would load for it, or null if it would find
          none and not start. It has every entry of the running server and of its files, and the libraries of PoWA.
      type: dict
      returned: always
      sample: {pg_stat_statements: /usr/lib/postgresql/15/lib/pg_stat_statements.so, pg_qualstats: null}
    next_start:
      description:
        - What a restart would bring. Null without O(start_settings), if the server has taken every line of its files,
          or if the arguments of the last start cannot be read.
      type: dict
      returned: always
      contains:
        settings:
          description: Setting of O(start_settings) -> its value.
          type: dict
          returned: always
          sample: {shared_preload_libraries: 'pg_stat_statements,pg_qualstats'}
        error:
          description: Why PostgreSQL would not start, or empty.
          type: str
          returned: always
          sample: ''
    generated:
      description:
        - Path -> the program that writes it anew from its own configuration, such as C(Patroni). Only
          RV(server.config_file) and RV(server.hba_file) are looked at.
      type: dict
      returned: always
      sample: {}
    hba:
      description: The rules of C(pg_hba.conf), in the order in which the server tries them.
      type: list
      elements: dict
      returned: always
      contains:
        file:
          description: The file.
          type: str
          returned: always
          sample: /etc/postgresql/15/main/pg_hba.conf
        line:
          description: The line of the file.
          type: int
          returned: always
          sample: 97
        type:
          description: The type of connection, or null where the line has an error.
          type: str
          returned: always
          sample: host
        databases:
          description:
            - The databases. A word such as C(all) that stands in quotes, and so is a mere name, has them here, too, if
              the file can be read.
          type: list
          elements: str
          returned: always
          sample: [all]
        users:
          description: The roles, with quotes where databases have them.
          type: list
          elements: str
          returned: always
          sample: [powa_monitor]
        address:
          description: The address, a name, a word such as C(samehost), or null.
          type: str
          returned: always
          sample: 10.0.0.7
        netmask:
          description: The mask of the address, or null.
          type: str
          returned: always
          sample: 255.255.255.255
        method:
          description: The method of authentication, or null where the line has an error.
          type: str
          returned: always
          sample: scram-sha-256
        options:
          description: The options of the method. The values of those that hold passwords are hidden.
          type: list
          elements: str
          returned: always
          sample: []
        error:
          description: Why the server refuses the line, or null.
          type: str
          returned: always
    roles:
      description: Role -> its attributes, for those of the three roles that exist.
      type: dict
      returned: always
      contains:
        login:
          description: Whether it can log in.
          type: bool
          returned: always
          sample: true
        superuser:
          description: Whether it is a superuser.
          type: bool
          returned: always
          sample: false
        createdb:
          description: Whether it can create databases.
          type: bool
          returned: always
          sample: false
        createrole:
          description: Whether it can create roles.
          type: bool
          returned: always
          sample: false
        replication:
          description: Whether it can replicate.
          type: bool
          returned: always
          sample: false
        bypassrls:
          description: Whether it bypasses row security.
          type: bool
          returned: always
          sample: false
        bootstrap:
          description: Whether it is the superuser that C(initdb) made.
          type: bool
          returned: always
          sample: false
        databases:
          description: The databases that it owns.
          type: list
          elements: str
          returned: always
          sample: []
        password_as_expected:
          description: Whether it has the password of O(expected_passwords). Null without one, or if that is not known.
          type: bool
          returned: always
          sample: true
        member_of:
          description: Every role that it is a member of, directly or not.
          type: list
          elements: str
          returned: always
          sample: [pg_read_all_stats]
        uses:
          description: Those of RV(server.roles.member_of) whose rights it has without C(SET ROLE).
          type: list
          elements: str
          returned: always
          sample: [pg_read_all_stats]
    unknown:
      description:
        - Part of the above that could not be read -> why. Such a part is empty, which says nothing about the server.
          The part C(config_file) stands for the three paths.
      type: dict
      returned: always
      sample: {}
    database:
      description: Whether O(database) exists.
      type: bool
      returned: always
      sample: true
server_error:
  description: Why the server could not be asked, or null.
  returned: success
  type: str
extensions:
  description: Extension of O(database) -> its state.
  returned: success
  type: dict
  contains:
    version:
      description: Its version.
      type: str
      returned: always
      sample: 4.1.4
    schema:
      description: Its schema.
      type: str
      returned: always
      sample: public
    comment:
      description: Its comment, or null.
      type: str
      returned: always
    owner:
      description: The role that owns it.
      type: str
      returned: always
      sample: postgres
    owner_superuser:
      description: Whether that role is a superuser.
      type: bool
      returned: always
      sample: true
monitoring:
  description:
    - What O(monitoring_role) may do in O(database), schemas included. Empty without the role or PoWA. Objects that do
      not exist are left out.
  returned: success
  type: dict
  contains:
    schemas:
      description: Schema of PoWA or of a stats extension -> whether the role may use it.
      type: dict
      returned: always
      sample: {public: true}
    tables:
      description: Table or view of PoWA -> whether the role may read it.
      type: dict
      returned: always
      sample: {powa_databases: true, powa_statements: true}
    functions:
      description: Function -> whether the role may call it.
      type: dict
      returned: always
      sample: {pg_qualstats_reset: true}
datasources:
  description:
    - Function of O(database) -> its comment, for each comment in which the collection keeps a declared datasource.
    - A longer comment than 100000 characters is cut there, and RV(unseen) says so.
  type: dict
  returned: always
  sample: {}
repository:
  description: The repository, or null if O(repository) is false or the database has no PoWA.
  returned: success
  type: dict
  contains:
    major:
      description: The major version of PoWA.
      type: int
      returned: always
      sample: 5
    schema:
      description: The schema of PoWA.
      type: str
      returned: always
      sample: public
    servers:
      description: The registered servers, each with C(alias), C(hostname), C(port) and C(frequency).
      type: list
      elements: dict
      returned: always
      sample: [{alias: orders, hostname: db1.example.com, port: 5432, frequency: 300}]
    powa_roles:
      description: Role of PoWA 5 -> the role that stands for it, or null. Empty on PoWA 4.
      type: dict
      returned: always
      sample: {powa_snapshot: powa_snapshot, powa_read_all_data: null, powa_read_all_metrics: null}
    existing_roles:
      description:
        - Those of the names C(powa_snapshot), C(powa_read_all_data) and C(powa_read_all_metrics) that the server has a
          role of.
      type: list
      elements: str
      returned: always
      sample: [powa_snapshot]
    relations:
      description: The tables and views of pg_track_settings, and on PoWA 4 those of PoWA.
      type: list
      elements: dict
      returned: always
      contains:
        extension:
          description: The extension that it belongs to.
          type: str
          returned: always
          sample: powa
        schema:
          description: Its schema.
          type: str
          returned: always
          sample: public
        name:
          description: Its name.
          type: str
          returned: always
          sample: powa_servers
        kind:
          description: C(r) for a table, C(v) for a view.
          type: str
          returned: always
          sample: r
        privileges:
          description: Role -> those of SELECT, INSERT, UPDATE and DELETE that it has.
          type: dict
          returned: always
          sample: {powa_collector: [SELECT]}
    schema_usage:
      description: Role -> whether it may use PoWA's schema.
      type: dict
      returned: always
      sample: {powa_collector: true}
    server_columns:
      description: The columns of C(powa_servers).
      type: list
      elements: dict
      returned: always
      contains:
        name:
          description: The name of the column.
          type: str
          returned: always
          sample: hostname
        may_read:
          description: Role -> whether it may read the column.
          type: dict
          returned: always
          sample: {powa_web: true}
    granted_select:
      description: Role -> the tables and views of PoWA's schema that it was itself granted SELECT on.
      type: dict
      returned: always
      sample: {powa_web: [powa_databases]}
    granted_roles:
      description: Role -> the roles that it is itself a member of.
      type: dict
      returned: always
      sample: {powa_web: [pg_read_all_stats]}
    web_schema:
      description:
        - The schema C(pgfleet_powa_web), in which powa-web 4 finds C(powa_servers) without passwords. Null if there is
          none.
      type: dict
      returned: always
      contains:
        ours:
          description: Whether superusers own the schema and the view.
          type: bool
          returned: always
          sample: true
        columns:
          description: The columns of the view, or an empty list if there is none.
          type: list
          elements: str
          returned: always
          sample: [id, hostname]
        may_read:
          description: Role -> whether it may read the view.
          type: dict
          returned: always
          sample: {powa_web: true}
    search_paths:
      description: Role -> the C(search_path) that is set for it in O(database) or everywhere, or null.
      type: dict
      returned: always
      sample: {powa_web: null}
    version_columns:
      description: The tables in which the collector records versions.
      type: list
      elements: dict
      returned: always
      contains:
        table:
          description: The table, quoted as SQL needs it.
          type: str
          returned: always
          sample: public.powa_servers
        may_update:
          description: Role -> whether it may update the column C(version).
          type: dict
          returned: always
          sample: {powa_collector: true}
        may_register:
          description:
            - Role -> whether it may insert and delete rows, as the collector does for hypopg. Empty for
              C(powa_servers), of which it only updates the version.
          type: dict
          returned: always
          sample: {powa_collector: true}
    default_select:
      description:
        - The roles that were granted the right to read tables that the user of the session will create in PoWA's
          schema.
      type: list
      elements: str
      returned: always
      sample: [powa_web]
    reader:
      description: What PoWA keeps from O(reader_role). Null if that role does not exist.
      type: dict
      returned: always
      contains:
        hidden:
          description: Tables, views and sequences of PoWA that it may not read -> their columns that it may read.
          type: dict
          returned: always
          sample: {powa_servers: [id, hostname]}
        transient:
          description: The transient tables of PoWA.
          type: list
          elements: str
          returned: always
          sample: [powa_statements_src_tmp]
unresolved:
  description: Those of O(resolve_names) that do not resolve.
  returned: success
  type: list
  elements: str
  sample: []
client_addresses:
  description: Host of O(client_hosts) that was looked up -> its addresses. A name without any does not resolve.
  returned: success
  type: dict
  contains:
    address:
      description: The address.
      type: str
      returned: always
      sample: 10.0.0.9
    name:
      description:
        - The name of the address, if it leads back to it, or else null. PostgreSQL compares it with names in its
          rules.
      type: str
      returned: always
      sample: collector.example.com
collector_log:
  description:
    - The last message of powa-collector about its connection to the repository, or empty if it has connected since.
      Messages about servers are not returned.
  returned: success
  type: str
  sample: PoWA extension not found on repository server
server_log:
  description:
    - With O(server_log=true), the last ten lines in which PostgreSQL speaks of itself. Lines that may hold a statement
      are left out.
  returned: success
  type: list
  elements: str
  sample: ['2026-11-28 10:00:00 UTC [7] FATAL:  could not access file "pg_qualstats": No such file or directory']
certificates:
  description: User of O(certificates) -> what its files are good for. Files that do not exist are left out.
  returned: success
  type: dict
  contains:
    unreadable:
      description: The files that the user cannot read, or null if the user does not exist, or only root could try.
      type: list
      elements: str
      returned: always
      sample: []
    problems:
      description:
        - File -> what is wrong with what it holds, that is, C(no certificate), C(no key), C(expired), C(not yet valid),
          C(passphrase) for a key that needs one, C(other key) for one that does not belong to the certificate, or else
          what OpenSSL says.
      type: dict
      returned: always
      sample: {/etc/powa/client.key: other key}
    dates:
      description: File of certificates -> when they expire, or when they become valid if that is yet to come.
      type: dict
      returned: always
      sample: {/etc/powa/client.crt: 2027-11-29 10:00:00 UTC}
    common_name:
      description: The common name of the certificate, or empty.
      type: str
      returned: always
      sample: powa_monitor
unseen:
  description: What could not be read, and why.
  returned: success
  type: list
  elements: str
  sample: ['the files below /etc/powa-web: permission denied (run as root)']
"""

import gc

from ansible_collections.pgfleet.powa.plugins.module_utils._core.arguments import make_module
from ansible_collections.pgfleet.powa.plugins.module_utils._core.errors import ProblemsError
from ansible_collections.pgfleet.powa.plugins.module_utils._core.texts import unstorable_texts
from ansible_collections.pgfleet.powa.plugins.module_utils._definitions.names import MARK
from ansible_collections.pgfleet.powa.plugins.module_utils._host.host import this_host
from ansible_collections.pgfleet.powa.plugins.module_utils._host.read import Options, read_host
from ansible_collections.pgfleet.powa.plugins.module_utils._powa.versions import MAJOR_VERSIONS_JSON

OPTIONS = dict(
    postgresql_version=dict(type="str", default=""),
    port=dict(type="int", default=5432),
    login_host=dict(type="str", default=""),
    login_port=dict(type="int"),
    login_user=dict(type="str", default=""),
    login_password=dict(type="str", default="", no_log=True),
    login_unix_socket=dict(type="str", default=""),
    run_as=dict(type="str", default=""),
    server_only=dict(type="bool", default=False),
    database=dict(type="str", default="powa"),
    monitoring_role=dict(type="str", default=""),
    collector_role=dict(type="str", default=""),
    web_role=dict(type="str", default=""),
    reader_role=dict(type="str", default=""),
    packages=dict(type="list", elements="str", default=[]),
    units=dict(type="list", elements="str", default=[]),
    files=dict(type="list", elements="path", default=[]),
    secret_files=dict(type="list", elements="path", default=[], no_log=False),
    # Ansible would write them into the host's log.
    expected_files=dict(type="dict", default={}, no_log=True),
    expected_passwords=dict(type="dict", default={}, no_log=True),
    password_encryption=dict(type="str", choices=["scram-sha-256", "md5"], default="scram-sha-256", no_log=False),
    folders=dict(type="list", elements="path", default=[]),
    virtualenvs=dict(type="list", elements="path", default=[]),
    repository=dict(type="bool", default=False),
    resolve_names=dict(type="list", elements="str", default=[]),
    client_hosts=dict(type="list", elements="str", default=[]),
    collector_log=dict(type="bool", default=False),
    server_log=dict(type="bool", default=False),
    start_settings=dict(type="list", elements="str", default=[]),
    certificates=dict(
        type="list",
        elements="dict",
        default=[],
        options=dict(
            user=dict(type="str", required=True),
            ca=dict(type="path"),
            certificate=dict(type="path"),
            # A path.
            key=dict(type="path", no_log=False),
        ),
    ),
)

#: What the queries are told of PoWA.
KNOWN = {"powa_versions": MAJOR_VERSIONS_JSON, "datasource_mark": MARK}


def main() -> None:
    """Run the module."""
    # The process ends soon, and has few objects.
    gc.disable()
    module = make_module(OPTIONS)
    # The result has no secrets. Ansible would echo them, or mask a short one wherever its characters stand.
    module.no_log_values.clear()
    expected = {name: module.params.pop(name) for name in ("expected_files", "expected_passwords", "login_password")}
    wrong = [
        "{0}: found {1}, but no name on a host has a zero byte or a lone surrogate: remove it".format(
            field, ascii(text)
        )
        for field, text in unstorable_texts(module.params)
    ]
    if wrong:
        module.fail_json(msg=str(ProblemsError("the options", wrong)))
    options = Options.of(dict(module.params, **expected))
    module.exit_json(changed=False, **read_host(options, this_host(), KNOWN))


if __name__ == "__main__":
    main()
