"""Whether a run can work here, found out before it starts: nothing is changed, nothing computed.

:func:`examine` looks at programs, libraries, disks, memory, network and, where there is one, at
SLURM; each look gives a :class:`Finding` of one line.
"""

from lotwise.doctor.examination import examine
from lotwise.doctor.finding import Finding, is_fit
from lotwise.doctor.profile import Profile, read_profile, set_status_command

__all__ = ["Finding", "Profile", "examine", "is_fit", "read_profile", "set_status_command"]
