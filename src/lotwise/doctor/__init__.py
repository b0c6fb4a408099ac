"""Checks whether a run can work on this machine, before it starts; nothing is changed.

:func:`examine` checks programs, libraries, disks, memory, network and, if present, SLURM. Each
check gives a :class:`Finding` of one line.
"""

from lotwise.doctor.examination import examine
from lotwise.doctor.finding import Finding, is_fit
from lotwise.doctor.profile import Profile, read_profile, set_status_command

__all__ = ["Finding", "Profile", "examine", "is_fit", "read_profile", "set_status_command"]
