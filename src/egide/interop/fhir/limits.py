"""What the process that parses foreign bytes may use, and how it locks itself up before the first of them."""

import os
import resource

MIB = 1024 * 1024

MAX_LINE = 16 * MIB
"""One line of NDJSON, decompressed."""
MAX_DOCUMENT = 64 * MIB
"""One JSON document (a bundle), decompressed."""
MAX_FILE = 4096 * MIB
"""One file, decompressed."""
MAX_RATIO = 200
"""Decompressed over compressed, once a file is past RATIO_FREE bytes: real FHIR stays below 30."""
RATIO_FREE = 32 * MIB
MAX_DEPTH = 100
"""Nesting of one JSON value; R4's deepest examples stay below 20."""
MAX_TEXT = 4000
MAX_CONTENT = 16 * MIB
"""A document's text or bytes, and a resource kept aside: no line of NDJSON is longer."""
MAX_TYPES = 200
MAX_NAMED = 1000
"""Broken lines named in the report; all are counted."""
MAX_MEMORY = 4096 * MIB
MAX_SECONDS = 3600
MAX_MESSAGE = 256 * MIB
"""One person's facts on the way out of the confined process."""

NOBODY = 65534


def confine() -> None:
    """Give up root, every further file or socket, child processes and core dumps. There is no way back.

    RLIMIT_NOFILE 0 keeps the descriptors that are open (the two pipes) and refuses any other: no database, no key,
    no network. Everything that will be needed must be imported before.
    """
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_AS, MAX_MEMORY),
        (resource.RLIMIT_CPU, MAX_SECONDS),
        (resource.RLIMIT_NOFILE, 0),
    ):
        hard = resource.getrlimit(limit)[1]
        allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (allowed, allowed))
