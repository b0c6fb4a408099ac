"""What a run was made from and with: ``provenance.json`` at the root of the results."""

from lotwise.record.build import (
    VERIFICATION,
    configuration_of,
    gather,
    own_steps,
    record_run,
    refresh_outputs,
)
from lotwise.record.calls import PREPARING, Call, lotwise_call, now, step_of, write_step
from lotwise.record.configuration import absolute, map_paths, resolve
from lotwise.record.environment import libraries, software
from lotwise.record.fixity import fault_of
from lotwise.record.inputs import take_inputs
from lotwise.record.provenance import (
    ANALYSED,
    CRATE,
    PROVENANCE,
    InputFile,
    OutputFile,
    Program,
    Provenance,
    read_provenance,
    write_provenance,
)

__all__ = [
    "ANALYSED",
    "CRATE",
    "PREPARING",
    "PROVENANCE",
    "VERIFICATION",
    "Call",
    "InputFile",
    "OutputFile",
    "Program",
    "Provenance",
    "absolute",
    "configuration_of",
    "fault_of",
    "gather",
    "libraries",
    "lotwise_call",
    "map_paths",
    "now",
    "own_steps",
    "read_provenance",
    "record_run",
    "refresh_outputs",
    "resolve",
    "software",
    "step_of",
    "take_inputs",
    "write_provenance",
    "write_step",
]
